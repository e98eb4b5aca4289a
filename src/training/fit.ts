/**
 * The life of a training: epochs of native runs of about half a second, validation after each epoch, the best and the last
 * state kept, and a place to stop between any two runs.
 */
import { setImmediate } from 'node:timers/promises'
import { Problem } from '../errors.ts'
import type { MetricTable } from '../nn/metrics/metric.ts'
import type { Model } from '../nn/model.ts'
import type { OptimizerConfig } from '../nn/optimizers/optimizer.ts'
import { type LearningRate, learningRateAt } from '../nn/schedules/index.ts'
import { initialWeights } from '../nn/weights.ts'
import { elementCount, type Tensor } from '../onnx/tensor.ts'
import { createRandom, deriveKey, permutation } from '../random.ts'
import { adapted } from './adapt.ts'
import { nextPlateau, type PlateauSettings, startPlateau } from './callbacks/reduce-lr-on-plateau.ts'
import type { Position, TrainingState } from './checkpoint.ts'
import { type OpenEngine, openOnnx } from './engine.ts'
import { type Evaluator, openEvaluator } from './evaluation.ts'
import { finalState } from './final-state.ts'
import { type Learned, lossWeights, measureOutputs, outputLosses, programOutputs } from './learned-outputs.ts'
import { addRun, type LossSums, meansOf, noLosses } from './loss-sums.ts'
import { createPacer } from './pacer.ts'
import type { RunResult } from './results.ts'
import type { Threads } from './threads.ts'
import { type PartData, type Trainer, targetsOf } from './trainer.ts'

export interface FitSettings extends Learned {
  readonly optimizer: OptimizerConfig
  readonly train: PartData
  /** Null where the split has no validation part. */
  readonly validation: PartData | null
  /** The optimizer's learning rate is a number where this is given. */
  readonly reduceLrOnPlateau?: PlateauSettings | null
  readonly epochs: number
  readonly batchSize: number
  readonly shuffle: boolean
  readonly seed: number
  readonly providers: readonly string[]
  readonly threads: Threads
}

/** Keys as Keras' History; null where a number is not finite. */
export interface HistoryRow {
  readonly epoch: number
  readonly learning_rate: number
  readonly seconds: number
  readonly loss: number | null
  readonly [metric: string]: number | null
}

export interface FitEvents {
  /** A state to go on from; null starts from the model's initial weights. */
  readonly resumeFrom?: TrainingState | null
  /** The best state so far, of the training that is resumed. */
  readonly best?: TrainingState | null
  /** Ends the training between two runs. */
  readonly signal?: AbortSignal
  /** An epoch has ended; awaited, so keep it short. */
  onEpoch?(row: HistoryRow, progress: { readonly steps: number }): void | Promise<void>
  /** Called after every run; `state()` copies the state of this moment, for a checkpoint. */
  onRun?(progress: RunProgress): void | Promise<void>
}

export interface RunProgress {
  readonly position: Position
  /** A copy of the state of this moment. */
  state(): TrainingState
  /** The state after the best epoch so far; null before the first. No copy. */
  best(): TrainingState | null
}

export interface FitResult {
  readonly outcome: 'finished' | 'stopped'
  readonly last: TrainingState
  /** The state after the epoch with the lowest `val_loss` (`loss` without a validation part); null before the first. */
  readonly best: TrainingState | null
  readonly threads: number
}

/**
 * Trains until `epochs` epochs have run or the signal aborts, by the steps of the engine given: ours, if nothing is said.
 * Validation is by ours in any case.
 * @throws {Problem} loss_not_finite with the step; engine_failed
 */
export async function fit(
  settings: FitSettings,
  events: FitEvents = {},
  open: OpenEngine = openOnnx,
): Promise<FitResult> {
  const { trainer, threads, close, start } = await openFrom(settings, events.resumeFrom ?? null, open)
  let evaluator: Evaluator | null = null
  /** Opened when the first epoch has ended, with the threads that its runs found best. */
  const opened = async () => {
    const { model, providers } = settings
    evaluator ??= await openEvaluator({ model, ...programOutputs(settings) }, { providers, threads: threads() })
    return evaluator
  }
  try {
    const result = await runEpochs(settings, events, { trainer, evaluator: opened, start })
    return { ...result, threads: threads() }
  } finally {
    await close()
    await (evaluator as Evaluator | null)?.close() // the compiler does not see that `opened` sets it
  }
}

/** An engine at its start. The state that it began with is not kept: it may be hundreds of megabytes. */
async function openFrom(settings: FitSettings, resumeFrom: TrainingState | null, open: OpenEngine) {
  const initial = resumeFrom ?? (await adapted(settings, startOf(settings.model, settings.seed)))
  return { ...(await open(settings, initial)), start: initial.position }
}

/** The state before the first step and before any look at the data. */
export function startOf(model: Model, seed: number): TrainingState {
  const shapes = new Map(model.weights.map(({ name, shape }) => [name, shape]))
  const values = initialWeights(model, seed)
  return {
    weights: new Map([...values].map(([name, data]) => [name, { shape: shapes.get(name) ?? [], data }])),
    slots: new Map(),
    position: { epoch: 0, stepInEpoch: 0, step: 0, sums: null, best: null },
  }
}

interface Running {
  readonly trainer: Trainer
  readonly evaluator: () => Promise<Evaluator>
  readonly start: Position
}

async function runEpochs(settings: FitSettings, events: FitEvents, { trainer, evaluator, start }: Running) {
  const pace = createPacer(settings.model.weights.reduce((sum, { shape }) => sum + elementCount(shape), 0))
  let position = start
  let best: TrainingState | null = events.best ?? null
  const stateNow = (): TrainingState => ({ ...trainer.snapshot(), position })
  const tell = () => events.onRun?.({ position, state: stateNow, best: () => best })
  while (position.epoch < settings.epochs) {
    const epoch = openEpoch(settings, position)
    for (const { order, batch } of epoch.runs(pace.stepsPerRun)) {
      const step = position.step
      const result = await pace.time(order.length / batch, () =>
        trainer.run(order, batch, step, rateOf(settings, position)),
      )
      checkFinite(result.losses, step)
      epoch.take(order, batch, result)
      position = epoch.positionAfter(position, order.length / batch)
      if (!epoch.isComplete()) await tell()
      if (events.signal?.aborted) break
      await setImmediate() // the process hears its messages between runs
    }
    if (!epoch.isComplete()) return { outcome: 'stopped', last: stateNow(), best } as const
    const row = await epoch.close(trainer, evaluator)
    const value = row.val_loss ?? row.loss
    const improved = value !== null && value !== undefined && value < (position.best?.value ?? Number.POSITIVE_INFINITY)
    position = {
      epoch: position.epoch + 1,
      stepInEpoch: 0,
      step: position.step,
      sums: null,
      best: improved ? { epoch: position.epoch + 1, value } : position.best,
      ...plateauAfter(settings, position, row),
    }
    if (improved) best = stateNow()
    await events.onEpoch?.(row, { steps: position.step })
    await tell()
    if (events.signal?.aborted && position.epoch < settings.epochs) {
      return { outcome: 'stopped', last: stateNow(), best } as const
    }
  }
  return { outcome: 'finished', last: finalState(stateNow(), settings.optimizer), best } as const
}

/** The optimizer's learning rate, or what a plateau has made of it. */
function rateOf({ optimizer }: FitSettings, { plateau }: Position): LearningRate {
  return plateau?.learning_rate ?? optimizer.learning_rate
}

function plateauAfter(settings: FitSettings, position: Position, row: HistoryRow): Pick<Position, 'plateau'> {
  const { optimizer, reduceLrOnPlateau } = settings
  if (!reduceLrOnPlateau) return {}
  const before = position.plateau ?? startPlateau(learningRateAt(optimizer.learning_rate, 0))
  return { plateau: nextPlateau(reduceLrOnPlateau, before, row[reduceLrOnPlateau.monitor] ?? null) }
}

function checkFinite(losses: Float32Array, step: number): void {
  const at = losses.findIndex((loss) => !Number.isFinite(loss))
  if (at < 0) return
  throw new Problem(
    'loss_not_finite',
    `the loss became ${losses[at]} at step ${step + at + 1}: try a smaller learning_rate, standardized features, or look for extreme values in the data`,
  )
}

/** One epoch: its order of rows, the sums over what has run, and its row of history at the end. */
function openEpoch(settings: FitSettings, position: Position) {
  const { train, batchSize, shuffle, seed } = settings
  const number = position.epoch + 1
  const rows = shuffle
    ? permutation(train.rows, createRandom(deriveKey('order', seed, number)))
    : Int32Array.from({ length: train.rows }, (_, i) => i)
  const measurement = measureOutputs(settings, position.sums?.metrics)
  const started = performance.now() - 1000 * (position.sums?.seconds ?? 0)
  let sums: LossSums = position.sums ?? noLosses
  const stepsInEpoch = Math.ceil(train.rows / batchSize)
  let stepInEpoch = position.stepInEpoch
  const seconds = () => (performance.now() - started) / 1000
  return {
    *runs(stepsPerRun: () => number): Generator<{ order: Int32Array; batch: number }> {
      const fullSteps = Math.floor(train.rows / batchSize)
      while (stepInEpoch < fullSteps) {
        const end = Math.min(fullSteps, stepInEpoch + stepsPerRun())
        yield { order: rows.subarray(stepInEpoch * batchSize, end * batchSize), batch: batchSize }
      }
      const rest = train.rows - fullSteps * batchSize
      if (rest > 0 && stepInEpoch === fullSteps) yield { order: rows.subarray(fullSteps * batchSize), batch: rest }
    },
    take(order: Int32Array, batch: number, result: RunResult) {
      sums = addRun(sums, batch, result)
      stepInEpoch += result.losses.length
      const { predictions, otherPredictions = [], masks = [] } = result
      if (!predictions) return
      for (const [i, yPred] of [predictions, ...otherPredictions].entries()) {
        const yTrue = gatherTargets(targetsOf(train)[i] as Tensor, order)
        measurement.update(i, { yTrue, yPred }, masks[i] ?? null)
      }
    },
    isComplete: () => stepInEpoch >= stepsInEpoch,
    positionAfter(before: Position, steps: number): Position {
      const now = { ...sums, seconds: seconds(), metrics: measurement.states() }
      return { ...before, stepInEpoch, step: before.step + steps, sums: now }
    },
    async close(trainer: Trainer, evaluator: () => Promise<Evaluator>): Promise<HistoryRow> {
      const means = meansOf(sums, lossWeights(settings))
      const trained = { loss: means.loss, ...outputLosses(settings, means.outputLosses), ...measurement.results() }
      const validated = settings.validation
        ? (await evaluatePart(await evaluator(), settings, settings.validation, trainer.weights())).numbers
        : {}
      const lastStep = Math.max(0, (position.epoch + 1) * stepsInEpoch - 1)
      return {
        epoch: number,
        learning_rate: learningRateAt(rateOf(settings, position), lastStep),
        seconds: seconds(),
        ...finite(trained),
        ...Object.fromEntries(Object.entries(finite(validated)).map(([key, value]) => [`val_${key}`, value])),
      } as HistoryRow // `loss` is in `trained`
    },
  }
}

/** The targets of the rows that `order` names, one after the other. */
function gatherTargets(y: Tensor, order: Int32Array): ArrayLike<number> {
  const data = y.data as Float32Array
  const size = elementCount(y.dims.slice(1))
  const gathered = new Float32Array(order.length * size)
  for (let i = 0; i < order.length; i++) {
    const from = (order[i] as number) * size
    for (let j = 0; j < size; j++) gathered[i * size + j] = data[from + j] as number
  }
  return gathered
}

type EvaluateSettings = Pick<FitSettings, 'providers'> & Learned

/** Metrics by name: numbers, and tables such as a confusion matrix. */
export type Evaluation = Readonly<Record<string, number | null | MetricTable>>

/**
 * The exact loss (penalties included) and metrics of a model with the weights given, over a part, tables too; null for a
 * number that is not finite.
 * @throws {Problem} engine_failed
 */
export async function evaluate(
  settings: EvaluateSettings,
  weights: TrainingState['weights'],
  part: PartData,
): Promise<Evaluation> {
  const { model, providers } = settings
  const evaluator = await openEvaluator({ model, ...programOutputs(settings) }, { providers })
  try {
    const values = new Map([...weights].map(([name, { data }]) => [name, data]))
    const { numbers, tables } = await evaluatePart(evaluator, settings, part, values)
    return { ...finite(numbers), ...tables }
  } finally {
    await evaluator.close()
  }
}

async function evaluatePart(
  evaluator: Evaluator,
  settings: Learned,
  part: PartData,
  weights: ReadonlyMap<string, Float32Array>,
): Promise<{ numbers: Record<string, number>; tables: Record<string, MetricTable> }> {
  const measurement = measureOutputs(settings)
  const truths = targetsOf(part).map(({ dims, data }) => {
    return { size: elementCount(dims.slice(1)), data: data as Float32Array }
  })
  const { loss, outputLosses: own } = await evaluator.evaluate(part, weights, ({ start, rows, predictions, masks }) => {
    for (const [i, { size, data }] of truths.entries()) {
      const yTrue = data.subarray(start * size, (start + rows) * size)
      measurement.update(i, { yTrue, yPred: predictions[i] ?? new Float32Array() }, masks[i] ?? null)
    }
  })
  const numbers = { loss, ...outputLosses(settings, own), ...measurement.results() }
  return { numbers, tables: measurement.tables() }
}

/** Numbers that JSON can say: null where one is not finite. */
function finite(values: Readonly<Record<string, number>>): Record<string, number | null> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, Number.isFinite(value) ? value : null]))
}
