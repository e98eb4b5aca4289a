/** The engine and the hand-written prototypes, as peers of the benchmark, do the same work. */
import { expect, test } from 'vitest'
import { startPeer } from '../../bench/peer-process.ts'
import { type PeerName, peers } from '../../bench/peers/index.ts'
import { type Task, taskOf } from '../../bench/task.ts'
import { bilstm } from '../../bench/workloads/bilstm.ts'
import { cnn } from '../../bench/workloads/cnn.ts'
import { mlp } from '../../bench/workloads/mlp.ts'
import { adam, type Workload } from '../../bench/workloads/workload.ts'

/** The programs as `tsc -b` built them. */
const built = (command: readonly string[]) => command.map((part) => part.replace('/bench/peers/', '/dist/bench/peers/'))

async function firstEpoch(name: PeerName, task: Task) {
  const peer = await startPeer({ ...peers[name], command: built(peers[name].command) }, task)
  if ('absent' in peer) throw new Error(peer.absent)
  await peer.build()
  const epoch = await peer.epoch()
  const round = await peer.round(0.01)
  const peak = await peer.peakMegabytes()
  await peer.close()
  return { epoch, round, peak }
}

const sgd = { name: 'sgd', learning_rate: 0.1 } as const
const small: Readonly<Record<string, Workload>> = {
  'dense layers, Adam': { ...mlp(32, adam), steps: 4 },
  'dense layers, SGD': { ...mlp(32, sgd), steps: 4 },
  convolutions: { ...cnn, batch: 4, steps: 4 },
  'recurrent layers': { ...bilstm, layers: [{ type: 'Input', shape: [6] }, ...bilstm.layers.slice(1)], steps: 3 },
}

test.each(Object.entries(small))(
  '%s: engine and prototype lose the same from the same weights',
  async (_, workload) => {
    const task = taskOf(workload, 1)
    const [engine, prototype] = await Promise.all([firstEpoch('fitserve', task), firstEpoch('prototype', task)])
    expect(engine.epoch.steps).toBe(workload.steps)
    expect(prototype.epoch.steps).toBe(workload.steps)
    expect(engine.epoch.loss).toBeCloseTo(prototype.epoch.loss, 4)
    expect(prototype.round.steps % workload.steps).toBe(0)
    expect(engine.peak).toBeGreaterThan(20)
  },
)

test('a peer whose program is not there is absent, with its reason', async () => {
  expect(await startPeer({ command: [process.execPath, '/nowhere/peer.js'] }, taskOf(mlp(32, adam), 1))).toEqual({
    absent: expect.stringContaining("Cannot find module '/nowhere/peer.js'"),
  })
})
