import { expect, test } from 'vitest'
import { describeExit, ProcessCrash, startProcess } from '../../src/jobs/sandbox-process.ts'

const heapReport = `
<--- Last few GCs --->
[123:0x1] 90 ms: Mark-Compact 63.8 (65.9) -> 63.8 (65.9) MB
FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory
----- Native stack trace -----
`

test.each([
  [null, 'SIGSEGV', '', 'signal SIGSEGV (a fault in native code)'],
  [null, 'SIGUSR1', '', 'signal SIGUSR1'],
  [7, null, '', 'exit code 7'],
  [1, null, 'a\nTypeError: x is not a function\n    at b', 'exit code 1: TypeError: x is not a function'],
  [
    null,
    'SIGABRT',
    heapReport,
    'signal SIGABRT (native code gave up): FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory',
  ],
] as const)('exit code %s and signal %s are told with their reason', (code, signal, stderr, told) => {
  expect(describeExit(code, signal, stderr)).toBe(told)
})

test('a program that cannot start fails the job with what it printed', async () => {
  const started = startProcess('/nowhere/train.js')
  const context = { signal: new AbortController().signal, onAttempt: () => undefined }
  const failure = await started.run('tr_1', context).catch((error: unknown) => error)
  expect(failure).toBeInstanceOf(ProcessCrash)
  expect(failure).toMatchObject({ message: expect.stringMatching(/^exit code 1: Error: Cannot find module/) })
  expect(started.alive).toBe(false)
})
