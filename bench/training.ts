/**
 * Training side by side: peers take turns, one round each, so that a slow minute of the machine slows all of them. Peers of
 * a workload that is too large for that have a process a turn.
 */
import { availableParallelism } from 'node:os'
import { type PeerProcess, startPeer } from './peer-process.ts'
import { type PeerName, peers } from './peers/index.ts'
import type { Round } from './peers/serve.ts'
import { digits, formatTable, type Spread, spreadOf } from './statistics.ts'
import { type Task, taskOf } from './task.ts'
import type { Workload } from './workloads/workload.ts'

export interface PeerResult {
  readonly peer: PeerName
  readonly label: string
  /** Microseconds a step, per round. */
  readonly microseconds: Spread & { readonly rounds: readonly number[] }
  /** From the definition to a program that can train, as far as the library does that before its first step. */
  readonly buildMs: number
  /** The same once more in the same process, whose code is warm; null of a workload whose peers are alone. */
  readonly buildAgainMs: number | null
  /** From the definition to the end of the first epoch, without what its steps take later: what starting costs. */
  readonly startMs: number
  /** From the definition to weights after 3,000 steps, of the numbers above. */
  readonly wholeSeconds: number
  readonly peakMegabytes: number
  /** Mean loss of the first epoch, from the same weights and rows; null where the peer was too slow to train it. */
  readonly firstLoss: number | null
  readonly loss: number
}

export interface WorkloadResult {
  readonly name: string
  readonly title: string
  readonly threads: number
  readonly rounds: number
  readonly results: readonly PeerResult[]
  readonly absent: Readonly<Record<string, string>>
}

export interface Comparison {
  readonly names: readonly PeerName[]
  readonly rounds: number
  readonly threads: number
  /** How long a round of a peer is. */
  readonly seconds: number
}

/** What has been measured of a peer so far. */
interface Measured {
  readonly name: PeerName
  label: string
  build: number[]
  buildAgain: number | null
  firstEpoch: { steps: number; seconds: number }[]
  firstLoss: number | null
  microseconds: number[]
  loss: number
  peak: number
  /** Needs so long for an epoch that one round of it tells enough. */
  isSlow: boolean
}

const slowSeconds = 60

/** Steps of the training whose whole time is told. */
const wholeSteps = 3000

/** Runs one workload on every peer that is there: an epoch from the first weights, a round to warm up, then `rounds` in turns. */
export async function compareTraining(name: string, workload: Workload, wanted: Comparison): Promise<WorkloadResult> {
  const choosesThreads = wanted.threads === availableParallelism()
  const task = { ...taskOf(workload, wanted.threads), choosesThreads }
  const absent: Record<string, string> = {}
  const all = wanted.names.map(unmeasured)
  await (workload.alone ? oneByOne : together)(all, task, wanted, absent)
  const results = all.filter((one) => one.microseconds.length > 0).map(resultOf)
  const { threads, rounds } = wanted
  return { name, title: workload.title, threads, rounds, results, absent }
}

const unmeasured = (name: PeerName): Measured => ({
  name,
  label: name,
  build: [],
  buildAgain: null,
  firstEpoch: [],
  firstLoss: null,
  microseconds: [],
  loss: Number.NaN,
  peak: 0,
  isSlow: false,
})

type TakeRound = (peer: PeerProcess) => Promise<Round>

type Measure = (
  all: readonly Measured[],
  task: Task,
  wanted: Comparison,
  absent: Record<string, string>,
) => Promise<void>

/** All processes live at once, and rounds go round. */
const together: Measure = async (all, task, { rounds, seconds }, absent) => {
  const round: TakeRound = (peer) => peer.round(seconds)
  const running: { one: Measured; peer: PeerProcess }[] = []
  for (const one of all) {
    const peer = await started(one, task, round, absent)
    if (peer) running.push({ one, peer })
  }
  for (let i = 0; i < rounds; i++) {
    for (const { one, peer } of running) await measureRound(one, peer, round, absent)
  }
  for (const { one, peer } of running) {
    await takePeak(one, peer)
    if (!(one.name in absent)) one.buildAgain = await peer.build()
    await peer.close()
  }
}

/** A process for each turn of each peer: an epoch to warm up and two rounds. Every third round is worth a turn. */
const oneByOne: Measure = async (all, task, { rounds }, absent) => {
  const round: TakeRound = (peer) => peer.steps(task.steps)
  for (let turn = 0; turn < Math.max(1, Math.floor(rounds / 3)); turn++) {
    for (const one of all) {
      if (one.name in absent || one.isSlow) continue
      const peer = await started(one, task, null, absent)
      if (!peer) continue
      for (let i = 0; i < 2; i++) await measureRound(one, peer, round, absent)
      await takePeak(one, peer)
      await peer.close()
    }
  }
}

/** A peer that has been built, has trained its first epoch and is warm; null where it is absent, or does not learn. */
async function started(
  one: Measured,
  task: Task,
  warm: TakeRound | null,
  absent: Record<string, string>,
): Promise<PeerProcess | null> {
  const peer = await startPeer(peers[one.name], task)
  if ('absent' in peer) {
    absent[one.name] = peer.absent
    return null
  }
  try {
    one.label = peer.label
    const build = await peer.build()
    const epoch = await peer.epoch()
    if (!Number.isFinite(epoch.loss)) throw new Error(`the loss of its first epoch is ${epoch.loss}`)
    one.build.push(build)
    one.firstEpoch.push(epoch)
    const shown = `built in ${digits(build)} s, ${epoch.steps} steps in ${digits(epoch.seconds)} s`
    console.error(`${peer.label}: ${shown}, loss ${epoch.loss.toFixed(5)}`)
    one.isSlow = epoch.steps < task.steps || epoch.seconds > slowSeconds
    if (!one.isSlow) {
      one.firstLoss = epoch.loss
      await warm?.(peer)
      return peer
    }
    // once is enough
    one.firstLoss = epoch.steps === task.steps ? epoch.loss : null
    await measureRound(one, peer, () => peer.round(0), absent)
    await takePeak(one, peer)
    await peer.close()
    return null
  } catch (error) {
    absent[one.name] = error instanceof Error ? error.message : String(error)
    await peer.close()
    return null
  }
}

/** A peer that fails, or whose loss is no number any more, is out: it would be measured doing something else. */
async function measureRound(
  one: Measured,
  peer: PeerProcess,
  round: TakeRound,
  absent: Record<string, string>,
): Promise<void> {
  if (one.name in absent) return
  try {
    const { seconds, steps, loss } = await round(peer)
    if (!Number.isFinite(loss)) throw new Error(`its loss is ${loss}`)
    one.microseconds.push((seconds * 1e6) / steps)
    one.loss = loss
  } catch (error) {
    absent[one.name] = error instanceof Error ? error.message : String(error)
    one.microseconds = []
  }
}

async function takePeak(one: Measured, peer: PeerProcess): Promise<void> {
  one.peak = Math.max(one.peak, await peer.peakMegabytes())
}

function resultOf(one: Measured): PeerResult {
  const microseconds = { ...spreadOf(one.microseconds), rounds: one.microseconds }
  const build = spreadOf(one.build).median
  const starts = one.firstEpoch.map(({ steps, seconds }) => seconds - (steps * microseconds.median) / 1e6)
  const start = build + Math.max(0, spreadOf(starts).median)
  return {
    peer: one.name,
    label: one.label,
    microseconds,
    buildMs: 1000 * build,
    buildAgainMs: one.buildAgain === null ? null : 1000 * one.buildAgain,
    startMs: 1000 * start,
    wholeSeconds: start + (wholeSteps * microseconds.median) / 1e6,
    peakMegabytes: one.peak,
    firstLoss: one.firstLoss,
    loss: one.loss,
  }
}

/** Microseconds as text: milliseconds where they are many. */
export function duration(microseconds: number): string {
  return microseconds < 10_000 ? `${digits(microseconds)} µs` : `${digits(microseconds / 1000)} ms`
}

/** The table of one workload; `fitserve to it` is the median of the first peer over the row's: below 1 it is faster. */
export function formatTraining({ title, threads, rounds, results, absent }: WorkloadResult): string {
  const first = results[0]
  const rows = results.map((result) => {
    const { label, microseconds, buildMs, buildAgainMs, startMs, wholeSeconds, peakMegabytes, firstLoss } = result
    const ratio = first && result !== first ? (first.microseconds.median / microseconds.median).toFixed(2) : ''
    const memory = first && result !== first ? ` (${(first.peakMegabytes / peakMegabytes).toFixed(1)})` : ''
    return [
      label,
      duration(microseconds.median),
      `${duration(microseconds.min)} to ${duration(microseconds.max)}`,
      ratio,
      buildAgainMs === null ? digits(buildMs) : `${digits(buildMs)} (${digits(buildAgainMs)})`,
      digits(startMs),
      digits(wholeSeconds),
      `${digits(peakMegabytes)}${memory}`,
      firstLoss === null ? 'not trained' : firstLoss.toFixed(5),
    ]
  })
  const missing = Object.entries(absent).map(([name, reason]) => `- not here: ${name} (${reason})`)
  const name = first?.peer ?? 'first'
  const head = [
    'peer',
    'a step',
    'spread',
    `${name} to it`,
    'build, ms (again)',
    'start, ms',
    '3,000 steps, s',
    `peak, MB (${name} to it)`,
    'loss of epoch 1',
  ]
  const heading = `### ${title} (${threads} thread${threads > 1 ? 's' : ''}, ${rounds} rounds)`
  return [heading, '', formatTable(head, rows), ...(missing.length > 0 ? ['', ...missing] : [])].join('\n')
}

/** All workloads at once: the engine's median over each peer's, below 1 where it is faster. */
export function formatRatios(results: readonly WorkloadResult[]): string {
  const rows = [...new Set(results.flatMap((result) => result.results.map(({ peer }) => peer)))].map((peer) => [
    peer,
    ...results.map(({ results: measured }) => {
      const [first, other] = [measured[0], measured.find((one) => one.peer === peer)]
      if (!first || !other) return '-'
      if (other === first) return duration(first.microseconds.median)
      return (first.microseconds.median / other.microseconds.median).toFixed(2)
    }),
  ])
  return `### The first peer to each, a step\n\n${formatTable(['', ...results.map(({ name }) => name)], rows)}`
}
