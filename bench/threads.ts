/** How the number of threads bears on a step of the engine, and what its own short trial chooses on this machine. */
import { fit as train } from '../src/training/fit.ts'
import { fitSettings } from './network.ts'
import { startPeer } from './peer-process.ts'
import { peers } from './peers/index.ts'
import { digits, formatTable, type Spread, spreadOf } from './statistics.ts'
import type { Task } from './task.ts'

export interface ThreadsResult {
  readonly batch: number
  readonly counts: readonly { readonly threads: number; readonly microseconds: Spread }[]
  /** What `threads: auto` takes, asked as many times as there were rounds: the machine's other work may change it. */
  readonly chosen: readonly number[]
}

/** 1, 2, 4 … up to `most`. */
export function availableThreads(most: number): number[] {
  const counts: number[] = []
  for (let threads = 1; threads <= most; threads *= 2) counts.push(threads)
  return counts
}

/** The engine with each number of threads, in turns. */
export async function compareThreads(task: Task, counts: readonly number[], rounds: number): Promise<ThreadsResult> {
  const running = []
  for (const threads of counts) {
    const peer = await startPeer(peers.fitserve, { ...task, threads })
    if ('absent' in peer) throw new Error(peer.absent)
    running.push({ threads, peer, rounds: [] as number[] })
  }
  const chosen: number[] = []
  for (const { peer } of running) await peer.round()
  for (let round = 0; round < rounds; round++) {
    for (const { peer, rounds: measured } of running) {
      const { seconds, steps } = await peer.round()
      measured.push((seconds * 1e6) / steps)
    }
    chosen.push(await chosenThreads(task))
  }
  for (const { peer } of running) await peer.close()
  const results = running.map(({ threads, rounds: measured }) => ({ threads, microseconds: spreadOf(measured) }))
  return { batch: task.batch, counts: results, chosen }
}

/** One epoch with `auto`: the trial comes before it. */
async function chosenThreads(task: Task): Promise<number> {
  const { threads } = await train({ ...fitSettings(task), threads: 'auto', epochs: 1 })
  return threads
}

/** The table, and the choice. */
export function formatThreads({ batch, counts, chosen }: ThreadsResult): string {
  const rows = counts.map(({ threads, microseconds: { median, min, max } }) => [
    String(threads),
    digits(median),
    `${digits(min)} to ${digits(max)}`,
  ])
  const table = formatTable(['threads', 'µs/step', 'spread'], rows)
  return `fitserve by threads, batch ${batch}\n\n${table}\nTHREADS=auto takes ${chosen.join(', ')}`
}
