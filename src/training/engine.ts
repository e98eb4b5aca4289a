/** Who takes the steps of a training: the compiled program on ONNX Runtime, or an engine from another room. */
import { channelBlock } from '../runtime/channel-block.ts'
import type { TrainingState } from './checkpoint.ts'
import type { FitSettings } from './fit.ts'
import { programOutputs } from './learned-outputs.ts'
import { buildTrainingProgram } from './program.ts'
import { openChosenSession } from './threads.ts'
import { createTrainer, type Trainer } from './trainer.ts'

export interface OpenedEngine {
  readonly trainer: Trainer
  /** Those of the last run: for the sessions beside it. */
  threads(): number
  close(): Promise<void>
}

/** Opens an engine that goes on from a state. */
export type OpenEngine = (settings: FitSettings, initial: TrainingState) => Promise<OpenedEngine>

/** Ours: the training program in a session of ONNX Runtime. */
export const openOnnx: OpenEngine = async (settings, initial) => {
  const { model, optimizer, batchSize, providers } = settings
  const block = providers[0] === 'cpu' ? await channelBlock() : null
  const program = buildTrainingProgram({
    model,
    ...programOutputs(settings),
    optimizer,
    weighted: !!settings.train.weights,
    blocks: block === null ? null : { block, batch: batchSize },
    largestBatch: providers[0] === 'cpu' ? batchSize : null,
    withPredictions: (settings.outputs ?? [settings]).some(({ metrics }) => metrics.length > 0),
  })
  const trainerSettings = { program, optimizer, data: settings.train, seed: settings.seed, initial }
  const { session, threads } = await openChosenSession(program.bytes, settings)
  try {
    return { trainer: createTrainer(session, trainerSettings), threads, close: () => session.close() }
  } catch (error) {
    await session.close()
    throw error
  }
}

/** The steps of an engine that knows nothing of our programs. */
export interface Steps extends Pick<Trainer, 'run' | 'snapshot'> {
  close(): Promise<void>
}

type StepSettings = Pick<FitSettings, 'model' | 'loss' | 'outputs' | 'optimizer' | 'seed'> & {
  readonly data: FitSettings['train']
  readonly initial: TrainingState
}

/** An engine from another room. */
export function engineOf(openSteps: (settings: StepSettings) => Steps): OpenEngine {
  return async (settings, initial) => {
    const steps = openSteps({ ...settings, data: settings.train, initial })
    const weights = () => new Map([...steps.snapshot().weights].map(([name, { data }]) => [name, data]))
    return { trainer: { ...steps, weights }, threads: () => 1, close: steps.close }
  }
}
