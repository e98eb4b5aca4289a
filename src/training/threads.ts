/**
 * How many threads a training gets. Small networks are fastest with one, and on a machine with other work two spinning threads
 * can be several times slower, from one minute to the next. So the runs of a training under `auto` tell themselves: they begin
 * with one thread, try all of them once a step is worth it, go on with what was quicker, and look again later.
 */
import { availableParallelism } from 'node:os'
import { openSession, type Session } from '../runtime/session.ts'

/** A number, or `auto` for what is quickest. */
export type Threads = number | 'auto'

/** Below this time of a step (in milliseconds, one thread) nothing is gained by a second thread. */
const trialFromMs = 0.15
/** Several threads must be this much faster, since their advantage depends on an idle machine. */
const worthwhile = 0.9
/** So long each number of threads is measured, the first run in a session left out. */
const measuredForMs = 60
/** The first look again comes after this time, for the first comparison may have met a bad moment; later ones are rarer. */
const firstPauseMs = 3000
const longestPauseMs = 60_000
/** Looking takes no larger share of the time. */
const lostShare = 1 / 50

/** The best time of a step, in milliseconds. */
interface Measured {
  readonly threads: number
  readonly best: number
}

/** Where the choice between one thread and several stands. */
export interface Choice {
  /** What the next run takes. */
  readonly threads: number
  /** How the other one did in this comparison; null before it was measured. */
  readonly other: Measured | null
  readonly best: number
  readonly measuredMs: number
  /** Whether the session has run before: its first run is slower. */
  readonly isWarm: boolean
  /** What opening sessions, and first runs beyond what the other one would have taken, cost in this comparison. */
  readonly lostMs: number
  /** When to compare again; null while comparing. */
  readonly lookAgainAt: number | null
  readonly pauseMs: number
}

export interface Run {
  readonly steps: number
  readonly ms: number
  /** What opening its session took, where it had to be opened. */
  readonly openedMs: number
  /** When it ended. */
  readonly at: number
}

const unmeasured = { best: Number.POSITIVE_INFINITY, measuredMs: 0 } as const

/** Before the first run. */
export const firstChoice: Choice = {
  ...unmeasured,
  ...{ threads: 1, other: null, isWarm: false, lostMs: 0, lookAgainAt: null, pauseMs: firstPauseMs },
}

/** What the runs after this one take, where a machine has threads for `most`. */
export function choiceAfter(choice: Choice, { steps, ms, openedMs, at }: Run, most: number): Choice {
  if (most === 1) return choice
  if (choice.lookAgainAt !== null) {
    return at < choice.lookAgainAt
      ? { ...choice, isWarm: true }
      : { ...choice, ...unmeasured, isWarm: true, lostMs: 0, lookAgainAt: null }
  }
  if (!choice.isWarm) {
    const usualMs = choice.other ? steps * choice.other.best : ms
    return { ...choice, isWarm: true, lostMs: choice.lostMs + openedMs + Math.max(0, ms - usualMs) }
  }
  const measured = {
    ...choice,
    best: Math.min(choice.best, ms / steps),
    measuredMs: choice.measuredMs + ms,
  }
  if (measured.measuredMs < measuredForMs) return measured
  const { threads, best, other } = measured
  if (other !== null) return settled(measured, quicker(measured, other), at)
  if (threads === 1 && best < trialFromMs) return settled(measured, 1, at)
  return { ...measured, ...unmeasured, threads: threads === 1 ? most : 1, isWarm: false, other: { threads, best } }
}

function quicker(a: Measured, b: Measured): number {
  const [one, several] = a.threads < b.threads ? [a, b] : [b, a]
  return several.best < worthwhile * one.best ? several.threads : one.threads
}

function settled(choice: Choice, threads: number, at: number): Choice {
  const pause = Math.max(choice.pauseMs, choice.lostMs / lostShare)
  return {
    ...choice,
    ...{ threads, other: null, isWarm: threads === choice.threads },
    ...{ lookAgainAt: at + pause, pauseMs: Math.min(2 * choice.pauseMs, longestPauseMs) },
  }
}

/** A session of the training program, whose runs are fed `order` [steps, batch]. */
export interface ChosenSession {
  readonly session: Session
  /** Those of the last run. */
  threads(): number
}

/** Opens the session to train with; the caller closes it. There is one native session at a time. */
export async function openChosenSession(
  program: Uint8Array,
  { threads, providers }: { readonly threads: Threads; readonly providers: readonly string[] },
): Promise<ChosenSession> {
  const open = (count: number) => openSession(program, { providers, threads: count })
  if (threads !== 'auto') return { session: await open(threads), threads: () => threads }
  const most = Math.min(availableParallelism(), 8)
  let choice = firstChoice
  let opened = choice.threads
  let native = await open(opened)
  const session: Session = {
    inputNames: native.inputNames,
    outputNames: native.outputNames,
    run: async (feeds, into) => {
      const start = performance.now()
      if (choice.threads !== opened) {
        await native.close()
        native = await open(choice.threads)
        opened = choice.threads
      }
      const ready = performance.now()
      const results = await native.run(feeds, into)
      const at = performance.now()
      const steps = feeds.order?.dims[0] ?? 1
      choice = choiceAfter(choice, { steps, ms: at - ready, openedMs: ready - start, at }, most)
      return results
    },
    endProfiling: () => native.endProfiling(),
    close: () => native.close(),
  }
  return { session, threads: () => opened }
}
