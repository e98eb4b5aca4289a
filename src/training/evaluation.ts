/**
 * The evaluation program: the model in inference mode with its loss, for validation after each epoch and for tests.
 * Inputs: `x` [batch, …features] (and `x_1`, … of a model with several inputs), `y` [batch, …target], `group/<id>` [1, size].
 * Outputs, in this order: the loss of each row without penalties [batch], the penalties [], the output [batch, …units].
 * Where several outputs are learned there are `y_1`, … too; the first loss is the weighted sum, and after the penalties come
 * the output of each and then the loss of each row at each of them.
 */

import { lossOf } from '../nn/losses/index.ts'
import { callModel } from '../nn/lower.ts'
import type { Model } from '../nn/model.ts'
import type { NamedConfig } from '../nn/named.ts'
import { type Builder, createBuilder } from '../onnx/builder.ts'
import { toBytes } from '../onnx/codec.ts'
import { Graph } from '../onnx/graph.ts'
import { prune } from '../onnx/passes/prune.ts'
import { elementCount, type Tensor } from '../onnx/tensor.ts'
import type { Any, Real } from '../onnx/value.ts'
import { openSession, type SessionOptions } from '../runtime/session.ts'
import { layoutOf } from './layout.ts'
import type { ProgramOutput } from './learned-outputs.ts'
import {
  inputFeed,
  outputLoss,
  penaltyOf,
  prediction,
  type TargetForm,
  targetFeed,
  unpackGroup,
} from './model-graph.ts'
import { noNoise } from './no-noise.ts'
import { inputsOf, type PartData, targetsOf } from './trainer.ts'

export interface EvaluationSpec {
  readonly model: Model
  readonly loss: NamedConfig
  readonly target: TargetForm
  /** Where several outputs are learned: all of them, in the model's order. */
  readonly outputs?: readonly ProgramOutput[]
}

/** Compiles a model and its loss for evaluation. */
export function buildEvaluationProgram(spec: EvaluationSpec): Uint8Array {
  const { model } = spec
  const learned = spec.outputs ?? [{ ...spec, lossWeight: 1 }]
  const graph = Graph.create('evaluation')
  const op = createBuilder(graph)
  const xs = model.inputs.map(({ shape }, i) => graph.input(inputFeed(i), 'float32', ['batch', ...shape]))
  const ys = learned.map(({ target: { type, shape } }, i) => graph.input(targetFeed(i), type, ['batch', ...shape]))
  const weights: Record<string, Real> = {}
  for (const group of layoutOf(model.weights)) {
    Object.assign(weights, unpackGroup(op, group, graph.input(`group/${group.id}`, 'float32', [1, group.size])))
  }
  const called = callModel(op, model, xs, weights, noNoise)
  const losses = learned.map(({ loss }, i) => outputLoss(op, lossOf(loss), loss, called, ys[i] as Any, i))
  const penalty = penaltyOf(op, called)
  graph.output(spec.outputs ? weightedSum(op, losses, spec.outputs) : (losses[0] as Real))
  graph.output(op.Identity(penalty ?? op.constant({ type: 'float32', dims: [], data: new Float32Array(1) })))
  for (const [i, { loss }] of learned.entries()) graph.output(prediction(op, { model, loss }, called, i))
  if (spec.outputs) for (const loss of losses) graph.output(op.Identity(loss))
  prune(graph)
  return toBytes(graph)
}

function weightedSum(op: Builder, losses: readonly Real[], outputs: readonly ProgramOutput[]): Real {
  const shares = losses.map((loss, i) => op.Mul(loss, op.scalar(outputs[i]?.lossWeight ?? 1, loss)))
  return shares.reduce((sum, share) => op.Add(sum, share))
}

/** One stretch of rows that was evaluated; the rows are `start` … `start + rows - 1` of the part. */
export interface EvaluatedRows {
  readonly start: number
  readonly rows: number
  /** Of each learned output. */
  readonly predictions: readonly Float32Array[]
}

export interface EvaluatedPart {
  /** The exact mean (of weight · loss where rows are weighted), penalties included. */
  readonly loss: number
  /** The same at each of several outputs, without penalties; empty where there is one. */
  readonly losses: readonly number[]
}

export interface Evaluator {
  /**
   * The exact loss over a part; `onRows` sees the outputs, stretch by stretch.
   * @throws {Problem} engine_failed
   */
  evaluate(
    part: PartData,
    vectors: ReadonlyMap<string, Float32Array>,
    onRows: (rows: EvaluatedRows) => void,
  ): Promise<EvaluatedPart>
  close(): Promise<void>
}

/** Rows of one native run: so many numbers of input at most. */
const numbersPerRun = 2 ** 22

/** Opens a session of the evaluation program. */
export async function openEvaluator(spec: EvaluationSpec, options: SessionOptions): Promise<Evaluator> {
  const session = await openSession(buildEvaluationProgram(spec), options)
  const { inputs, outputs } = spec.model
  const count = spec.outputs?.length ?? 1
  const rowSize = [...inputs, ...outputs.slice(0, count)].reduce((sum, { shape }) => sum + elementCount(shape), 0)
  const rowsPerRun = Math.max(1, Math.floor(numbersPerRun / Math.max(1, rowSize)))
  return {
    evaluate: async (part, vectors, onRows) => {
      const groups = Object.fromEntries(
        [...vectors].map(([id, data]) => [
          `group/${id}`,
          { type: 'float32', dims: [1, data.length], data } satisfies Tensor,
        ]),
      )
      let sum = 0
      const sums = new Array<number>(spec.outputs?.length ?? 0).fill(0)
      for (let start = 0; start < part.rows; start += rowsPerRun) {
        const rows = Math.min(rowsPerRun, part.rows - start)
        const xs = inputsOf(part).map((x, i) => [inputFeed(i), rowsOf(x, start, rows)])
        const ys = targetsOf(part).map((y, i) => [targetFeed(i), rowsOf(y, start, rows)])
        const feeds = { ...groups, ...Object.fromEntries([...xs, ...ys]) }
        const results = await session.run(feeds)
        const [losses, penalty, ...rest] = session.outputNames.map((name) => results[name]?.data as Float32Array)
        sum = plusLosses(sum, losses, part, start) + rows * (penalty?.[0] ?? 0)
        for (const i of sums.keys()) sums[i] = plusLosses(sums[i] as number, rest[count + i], part, start)
        onRows({ start, rows, predictions: rest.slice(0, count) })
      }
      return { loss: sum / part.rows, losses: sums.map((own) => own / part.rows) }
    },
    close: () => session.close(),
  }
}

/** A sum, and weight · loss of the rows from `start` on. */
function plusLosses(before: number, losses: Float32Array | undefined, { weights }: PartData, start: number): number {
  let sum = before
  for (const [i, loss] of losses?.entries() ?? []) sum += loss * (weights?.[start + i] ?? 1)
  return sum
}

/** A view of some rows of a tensor whose first axis are the rows. */
function rowsOf(tensor: Tensor, start: number, rows: number): Tensor {
  const size = elementCount(tensor.dims.slice(1))
  const data = (tensor.data as Float32Array).subarray(start * size, (start + rows) * size)
  return { type: tensor.type, dims: [rows, ...tensor.dims.slice(1)], data } as Tensor
}
