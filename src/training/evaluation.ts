/**
 * The evaluation program: the model in inference mode with its loss, for validation after each epoch and for tests.
 * Inputs: `x` [batch, …features] (and `x_1`, … of a model with several inputs), `y` [batch, …target], `weight/<name>`.
 * Outputs, in this order: the loss of each row without penalties [batch] at each learned output, the penalties [], each output
 * [batch, …units], and 1 for each real step of those that mask some, else 0 [batch, time].
 * Where several outputs are learned there are `y_1`, … too.
 */

import { lossOf } from '../nn/losses/index.ts'
import { callModel } from '../nn/lower.ts'
import type { Model } from '../nn/model.ts'
import type { NamedConfig } from '../nn/named.ts'
import { createBuilder } from '../onnx/builder.ts'
import { toBytes } from '../onnx/codec.ts'
import { Graph } from '../onnx/graph.ts'
import { prune } from '../onnx/passes/prune.ts'
import { elementCount, type Tensor } from '../onnx/tensor.ts'
import type { Any, Real } from '../onnx/value.ts'
import { openSession, type SessionOptions } from '../runtime/session.ts'
import { lossWeights, outputsOf, type ProgramOutput } from './learned-outputs.ts'
import { meansOf } from './loss-sums.ts'
import { inputFeed, outputLoss, penaltyOf, prediction, type TargetForm, targetFeed } from './model-graph.ts'
import { noNoise } from './no-noise.ts'
import { countReal } from './real-steps.ts'
import { rowsOf } from './rows-of.ts'
import { inputsOf, type PartData, targetsOf } from './trainer.ts'

export interface EvaluationSpec {
  readonly model: Model
  readonly loss: NamedConfig
  readonly target: TargetForm
  /** Where several outputs are learned: all of them, in the model's order. */
  readonly outputs?: readonly ProgramOutput[]
}

/** Compiles a model and its losses for evaluation; `masked` are the places of the outputs whose masks leave it, too. */
export function buildEvaluationProgram(spec: EvaluationSpec): { bytes: Uint8Array; masked: readonly number[] } {
  const { model } = spec
  const learned = outputsOf(spec)
  const graph = Graph.create('evaluation')
  const op = createBuilder(graph)
  const xs = model.inputs.map(({ shape }, i) => graph.input(inputFeed(i), 'float32', ['batch', ...shape]))
  const ys = learned.map(({ target: { type, shape } }, i) => graph.input(targetFeed(i), type, ['batch', ...shape]))
  const weights = Object.fromEntries(
    model.weights.map(({ name, shape }) => [name, graph.input(`weight/${name}`, 'float32', shape) as Real]),
  )
  const called = callModel(op, model, xs, weights, noNoise)
  const losses = learned.map(({ loss }, i) => outputLoss(op, lossOf(loss), loss, called, ys[i] as Any, i))
  const penalty = penaltyOf(op, called)
  for (const loss of losses) graph.output(loss)
  graph.output(op.Identity(penalty ?? op.constant({ type: 'float32', dims: [], data: new Float32Array(1) })))
  for (const [i, { loss }] of learned.entries()) graph.output(prediction(op, { model, loss }, called, i))
  const masks = called.masks.flatMap((mask, place) => (mask ? [{ mask, place }] : []))
  for (const { mask } of masks) graph.output(op.Cast(mask, { to: 'float32' }))
  prune(graph)
  return { bytes: toBytes(graph), masked: masks.map(({ place }) => place) }
}

/** One stretch of rows that was evaluated; the rows are `start` … `start + rows - 1` of the part. */
export interface EvaluatedRows {
  readonly start: number
  readonly rows: number
  /** Of each learned output. */
  readonly predictions: readonly Float32Array[]
  /** Of each learned output: 1 for each real step, else 0, [rows, time]; null where all are real. */
  readonly masks: readonly (Float32Array | null)[]
}

export interface EvaluatedPart {
  /** The exact mean (of weight · loss where rows are weighted) over rows or real steps, penalties included. */
  readonly loss: number
  /** The same at each output, without penalties. */
  readonly outputLosses: readonly number[]
}

export interface Evaluator {
  /**
   * The exact loss over a part; `onRows` sees the outputs, stretch by stretch.
   * @throws {Problem} engine_failed
   */
  evaluate(
    part: PartData,
    weights: ReadonlyMap<string, Float32Array>,
    onRows: (rows: EvaluatedRows) => void,
  ): Promise<EvaluatedPart>
  close(): Promise<void>
}

/** Rows of one native run: so many numbers of input at most. */
const usualNumbersPerRun = 2 ** 22

/** Opens a session of the evaluation program. */
export async function openEvaluator(
  spec: EvaluationSpec,
  options: SessionOptions,
  numbersPerRun = usualNumbersPerRun,
): Promise<Evaluator> {
  const program = buildEvaluationProgram(spec)
  const session = await openSession(program.bytes, options)
  const learned = outputsOf(spec)
  const count = learned.length
  const { inputs, outputs } = spec.model
  const rowSize = [...inputs, ...outputs.slice(0, count)].reduce((sum, { shape }) => sum + elementCount(shape), 0)
  const rowsPerRun = Math.max(1, Math.floor(numbersPerRun / Math.max(1, rowSize)))
  return {
    evaluate: async (part, weights, onRows) => {
      const fed = spec.model.weights.map(({ name, shape }) => {
        return [`weight/${name}`, { type: 'float32', dims: shape, data: weights.get(name) as Float32Array }] as const
      })
      const sums = { loss: 0, rows: part.rows, penalties: 0 }
      const own = learned.map(() => ({ loss: 0, steps: 0 }))
      for (let start = 0; start < part.rows; start += rowsPerRun) {
        const rows = Math.min(rowsPerRun, part.rows - start)
        const xs = inputsOf(part).map((x, i) => [inputFeed(i), rowsOf(x, start, rows)])
        const ys = targetsOf(part).map((y, i) => [targetFeed(i), rowsOf(y, start, rows)])
        const feeds: Record<string, Tensor> = Object.fromEntries([...fed, ...xs, ...ys])
        const results = await session.run(feeds)
        const left = session.outputNames.map((name) => results[name]?.data as Float32Array)
        const losses = left.splice(0, count)
        const [penalty] = left.splice(0, 1)
        const predictions = left.splice(0, count)
        const masks = learned.map((_, place) => left[program.masked.indexOf(place)] ?? null)
        sums.penalties += rows * (penalty?.[0] ?? 0)
        for (const [i, sum] of own.entries()) {
          const mask = masks[i] ?? null
          const steps = mask ? countReal(mask) : rows
          // the losses of a run are such that their mean over its rows is the mean over its real steps
          sum.loss += sumOf(losses[i], part, start) * (steps / rows)
          sum.steps += steps
        }
        onRows({ start, rows, predictions, masks })
      }
      const [outputLosses, steps] = [own.map(({ loss }) => loss), own.map((one) => one.steps)]
      return meansOf({ ...sums, outputLosses, steps }, lossWeights(spec))
    },
    close: () => session.close(),
  }
}

/** The sum of weight · loss of the rows from `start` on. */
function sumOf(losses: Float32Array | undefined, { weights }: PartData, start: number): number {
  let sum = 0
  for (const [i, loss] of losses?.entries() ?? []) sum += loss * (weights?.[start + i] ?? 1)
  return sum
}
