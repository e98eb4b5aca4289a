/** How the number of threads bears on a step of the engine, and what its runs choose on this machine. */
import { openOnnx } from '../src/training/engine.ts'
import { rowsOf } from './data.ts'
import { fitSettings, startState } from './network.ts'
import { startPeer } from './peer-process.ts'
import { peers } from './peers/index.ts'
import { digits, formatTable, type Spread, spreadOf } from './statistics.ts'
import { type Task, taskOf } from './task.ts'
import type { Workload } from './workloads/workload.ts'

export interface ThreadsResult {
  readonly title: string
  readonly counts: readonly { readonly threads: number; readonly microseconds: Spread }[]
  /** What `threads: auto` takes, asked as many times as there were rounds: the machine's other work may change it. */
  readonly chosen: readonly number[]
}

const roundSeconds = 0.5

/** 1, 2, 4 … up to `most`. */
export function availableThreads(most: number): number[] {
  const counts: number[] = []
  for (let threads = 1; threads <= most; threads *= 2) counts.push(threads)
  return counts
}

/** The engine with each number of threads, in turns. */
export async function compareThreads(
  workload: Workload,
  counts: readonly number[],
  rounds: number,
): Promise<ThreadsResult> {
  const task = taskOf(workload, 1)
  const running = []
  for (const threads of counts) {
    const peer = await startPeer(peers.fitserve, { ...task, threads })
    if ('absent' in peer) throw new Error(peer.absent)
    await peer.build()
    await peer.epoch()
    running.push({ threads, peer, rounds: [] as number[] })
  }
  const chosen: number[] = []
  for (const { peer } of running) await peer.round(roundSeconds)
  for (let round = 0; round < rounds; round++) {
    for (const { peer, rounds: measured } of running) {
      const { seconds, steps } = await peer.round(roundSeconds)
      measured.push((seconds * 1e6) / steps)
    }
    chosen.push(await chosenThreads(task))
  }
  for (const { peer } of running) await peer.close()
  const results = running.map(({ threads, rounds: measured }) => ({ threads, microseconds: spreadOf(measured) }))
  return { title: workload.title, counts: results, chosen }
}

/** What a training with `auto` has chosen after a while. */
async function chosenThreads(task: Task): Promise<number> {
  const settings = { ...fitSettings(task, rowsOf(task)), threads: 'auto' } as const
  const { trainer, threads, close } = await openOnnx(settings, startState(task))
  const order = Int32Array.from({ length: task.rows }, (_, i) => i)
  for (const end = performance.now() + 2000 * roundSeconds; performance.now() < end; ) {
    await trainer.run(order, task.batch, 0)
  }
  await close()
  return threads()
}

/** The table, and the choice. */
export function formatThreads({ title, counts, chosen }: ThreadsResult): string {
  const rows = counts.map(({ threads, microseconds: { median, min, max } }) => [
    String(threads),
    digits(median),
    `${digits(min)} to ${digits(max)}`,
  ])
  const table = formatTable(['threads', 'µs/step', 'spread'], rows)
  return `### By threads: ${title}\n\n${table}\n\nTHREADS=auto takes ${chosen.join(', ')}`
}
