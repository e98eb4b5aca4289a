/**
 * How many threads a training gets. Small networks are fastest with one, and on a machine with other work two spinning
 * threads can be several times slower, so a short trial decides and not a rule.
 */
import { availableParallelism } from 'node:os'
import { openSession, type Session } from '../runtime/session.ts'
import type { FitSettings } from './fit.ts'
import { createTrainer, type TrainerSettings } from './trainer.ts'

/** A number, or `auto` for a trial. */
export type Threads = number | 'auto'

/** Below this time of a step (in milliseconds, one thread) nothing is gained by a second thread. */
const trialFromMs = 0.15
/** Another number of threads must be this much faster, since its advantage depends on an idle machine. */
const worthwhile = 0.9
const trialMs = 60
const trialSteps = 4

/** A session of the training program, and the threads it was opened with. */
export interface ChosenSession {
  readonly session: Session
  readonly threads: number
}

/**
 * Opens the session to train with. Under `auto` each candidate trains a few steps on a copy of the state, which is thrown
 * away. The caller closes the session.
 */
export async function openChosenSession(
  { threads, batchSize, providers }: Pick<FitSettings, 'threads' | 'batchSize' | 'providers'>,
  trial: TrainerSettings,
): Promise<ChosenSession> {
  const open = (count: number) => openSession(trial.program.bytes, { providers, threads: count })
  if (threads !== 'auto') return { session: await open(threads), threads }
  const most = Math.min(availableParallelism(), 8)
  const single = await open(1)
  if (most === 1) return { session: single, threads: 1 }
  const singleMs = await stepTime(single, trial, batchSize)
  if (singleMs < trialFromMs) return { session: single, threads: 1 }
  const several = await open(most)
  const wins = (await stepTime(several, trial, batchSize)) < worthwhile * singleMs
  await (wins ? single : several).close()
  return wins ? { session: several, threads: most } : { session: single, threads: 1 }
}

/** The shortest time of a step in milliseconds; short runs for about `trialMs`, fewer where the step is tiny. */
async function stepTime(session: Session, trial: TrainerSettings, batchSize: number): Promise<number> {
  const trainer = createTrainer(session, trial)
  const batch = Math.min(batchSize, trial.data.rows)
  const order = Int32Array.from({ length: trialSteps * batch }, (_, i) => i % trial.data.rows)
  const first = performance.now()
  await trainer.run(order.subarray(0, batch), batch, 0)
  // a large network is tried by single steps
  const steps = performance.now() - first > trialMs ? 1 : trialSteps
  const end = performance.now() + trialMs
  let best = Number.POSITIVE_INFINITY
  for (let runs = 0; performance.now() < end; runs++) {
    const start = performance.now()
    await trainer.run(order.subarray(0, steps * batch), batch, 0)
    best = Math.min(best, (performance.now() - start) / steps)
    if (runs >= 2 && best < trialFromMs / 2) break
  }
  return best
}
