import { expect, test } from 'vitest'
import { warmUp } from '../../src/jobs/warm-up.ts'

/** What a warm-up says. */
async function said(provider: string, signal = new AbortController().signal): Promise<string[]> {
  const lines: string[] = []
  const log = {
    debug: (_: object, message: string) => lines.push(`debug ${message}`),
    warn: ({ err }: { err?: Error }, message: string) => lines.push(`warn ${message}: ${err?.message}`),
  }
  await warmUp({ config: { executionProviders: [provider as 'cpu'] }, log, signal })
  return lines
}

test('a training process trains a network of its own before the first job', async () => {
  expect(await said('cpu')).toEqual(['debug training process: warm'])
})

test('a job that has come ends the warm-up without a word', async () => {
  expect(await said('cpu', AbortSignal.abort())).toEqual([])
})

test('a job that comes in the middle ends it as well', async () => {
  const job = new AbortController()
  setImmediate(() => job.abort())
  expect(await said('cpu', job.signal)).toEqual([])
})

test('what goes wrong is said and harms no job', async () => {
  const [line, ...more] = await said('abacus')
  expect([line?.startsWith('warn training process: the warm-up failed'), more]).toEqual([true, []])
})
