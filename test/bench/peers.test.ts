/** The engine and its prototype, as peers of the benchmark, learn the task they are timed on, and say so in the form it reads. */
import { expect, test } from 'vitest'
import { startPeer } from '../../bench/peer-process.ts'
import { peers } from '../../bench/peers/index.ts'
import type { Task } from '../../bench/task.ts'

const task: Task = { widths: [12, 16, 16, 4], batch: 32, samples: 256, threads: 1, roundSeconds: 0.01 }
/** The programs as `tsc -b` built them. */
const built = (command: readonly string[]) => command.map((part) => part.replace('/bench/peers/', '/dist/bench/peers/'))

test.each(['fitserve', 'prototype'] as const)('%s: the loss falls, whole epochs are counted', async (name) => {
  const peer = await startPeer({ ...peers[name], command: built(peers[name].command) }, task)
  if ('absent' in peer) throw new Error(peer.absent)
  const first = await peer.round()
  let last = first
  for (let round = 0; round < 12; round++) last = await peer.round()
  await peer.close()
  expect(last.loss).toBeLessThan(0.8 * first.loss)
  expect(last.steps).toBeGreaterThanOrEqual(8)
  expect(last.seconds).toBeGreaterThanOrEqual(task.roundSeconds)
})

test('a peer whose program is not there is absent, with its reason', async () => {
  expect(await startPeer({ command: [process.execPath, '/nowhere/peer.js'] }, task)).toEqual({
    absent: expect.stringContaining("Cannot find module '/nowhere/peer.js'"),
  })
})
