/** Training side by side: peers take turns, one round each, so that a slow minute of the machine slows all of them. */
import { type StartedPeer, startPeer } from './peer-process.ts'
import { type PeerName, peers } from './peers/index.ts'
import { digits, formatTable, type Spread, spreadOf } from './statistics.ts'
import type { Task } from './task.ts'

export interface PeerResult {
  readonly peer: PeerName
  readonly label: string
  /** Microseconds a step, per round. */
  readonly microseconds: Spread & { readonly rounds: readonly number[] }
  readonly samplesPerSecond: number
  /** Median over the median of each other peer: below 1 is faster than it. */
  readonly ratios: Readonly<Record<string, number>>
}

export interface TaskResult {
  readonly task: Task
  readonly results: readonly PeerResult[]
  readonly absent: Readonly<Record<string, string>>
}

type Running = { name: PeerName; peer: Exclude<StartedPeer, { absent: string }>; rounds: number[] }

/** Runs one task on every peer that is there: one round to warm up, then `rounds` interleaved ones. */
export async function compareTraining(task: Task, names: readonly PeerName[], rounds: number): Promise<TaskResult> {
  const running: Running[] = []
  const absent: Record<string, string> = {}
  for (const name of names) {
    const peer = await startPeer(peers[name], task)
    if ('absent' in peer) absent[name] = peer.absent
    else running.push({ name, peer, rounds: [] })
  }
  for (const { peer } of running) await peer.round()
  for (let round = 0; round < rounds; round++) {
    for (const { peer, rounds: measured } of running) {
      const { seconds, steps, loss } = await peer.round()
      if (!Number.isFinite(loss)) throw new Error(`${peer.label}: the loss is ${loss}`)
      measured.push((seconds * 1e6) / steps)
    }
  }
  for (const { peer } of running) await peer.close()
  return { task, results: summarize(task, running), absent }
}

function summarize(task: Task, running: readonly Running[]): PeerResult[] {
  const medians = running.map(({ name, rounds }) => [name, spreadOf(rounds).median] as const)
  return running.map(({ name, peer, rounds }) => {
    const spread = spreadOf(rounds)
    return {
      peer: name,
      label: peer.label,
      microseconds: { ...spread, rounds },
      samplesPerSecond: (task.batch * 1e6) / spread.median,
      ratios: Object.fromEntries(medians.map(([other, median]) => [other, spread.median / median])),
    }
  })
}

/** The table of one task; the last column says how the first peer compares with the row's. */
export function formatTraining({ task, results, absent }: TaskResult): string {
  const first = results[0]
  const title = `${task.widths.join('-')}, batch ${task.batch}, Adam, ${task.threads} thread${task.threads > 1 ? 's' : ''}`
  const rows = results.map(({ peer, label, microseconds, samplesPerSecond }) => [
    label,
    digits(microseconds.median),
    `${digits(microseconds.min)} to ${digits(microseconds.max)}`,
    digits(samplesPerSecond),
    first && peer !== first.peer ? (first.ratios[peer] ?? Number.NaN).toFixed(2) : '',
  ])
  const missing = Object.entries(absent).map(([name, reason]) => `not here: ${name} (${reason})`)
  const head = ['peer', 'µs/step', 'spread', 'samples/s', `${first?.peer ?? 'first'} to it`]
  return [title, '', formatTable(head, rows), ...missing].join('\n')
}
