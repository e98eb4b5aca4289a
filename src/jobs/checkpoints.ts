/** When a running training is saved: every few seconds, when it stops, and at its end; the best state and the last one. */

import { checkpointFromBytes, checkpointToBytes, type TrainingState } from '../training/checkpoint.ts'
import type { FitEvents, FitResult, RunProgress } from '../training/fit.ts'
import type { Attempt } from './attempt.ts'

export interface Checkpoints {
  /** What `fit` goes on from. */
  readonly resume: Pick<FitEvents, 'resumeFrom' | 'best'>
  /** After a run: saves when the last save is long enough ago. */
  whenDue(progress: RunProgress): Promise<void>
  /** At the end, or where the training stopped. */
  save(result: Pick<FitResult, 'last' | 'best'>): Promise<void>
}

/** A lost worker costs at most this much work. */
const SAVE_EVERY_MS = 10_000

/** Reads the checkpoints that earlier attempts left. */
export async function openCheckpoints(attempt: Attempt, everyMs = SAVE_EVERY_MS): Promise<Checkpoints> {
  const [last, best] = await Promise.all([loadState(attempt, 'last'), loadState(attempt, 'best')])
  let savedAt = performance.now()
  let savedBest = best?.position.epoch

  const save = async ({ last, best }: Pick<FitResult, 'last' | 'best'>) => {
    // The best one first: `last` names its epoch, and whoever goes on from `last` looks for it.
    if (best !== null && best.position.epoch !== savedBest) {
      await saveState(attempt, 'best', best)
      savedBest = best.position.epoch
    }
    await saveState(attempt, 'last', last)
    savedAt = performance.now()
  }
  return {
    resume: { resumeFrom: last, best },
    save,
    async whenDue(progress) {
      if (performance.now() - savedAt >= everyMs) await save({ last: progress.state(), best: progress.best() })
    },
  }
}

async function loadState(attempt: Attempt, kind: 'best' | 'last'): Promise<TrainingState | null> {
  const bytes = await attempt.loadCheckpoint(kind)
  return bytes === null ? null : checkpointFromBytes(bytes)
}

function saveState(attempt: Attempt, kind: 'best' | 'last', state: TrainingState): Promise<void> {
  const { epoch, step } = state.position
  return attempt.saveCheckpoint(kind, checkpointToBytes(state), { epoch, step })
}
