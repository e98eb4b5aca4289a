/**
 * The evaluation program: the model in inference mode with its loss, for validation after each epoch and for tests.
 * Inputs: `x` [batch, …features] (and `x_1`, … of a model with several inputs), `y` [batch, …target], `group/<id>` [1, size].
 * Outputs, in this order: the loss of each row without penalties [batch], the penalties [], the output [batch, …units].
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
import type { Real } from '../onnx/value.ts'
import { openSession, type SessionOptions } from '../runtime/session.ts'
import { layoutOf } from './layout.ts'
import { inputFeed, modelLoss, prediction, type TargetForm, unpackGroup } from './model-graph.ts'
import { noNoise } from './no-noise.ts'
import { inputsOf, type PartData } from './trainer.ts'

export interface EvaluationSpec {
  readonly model: Model
  readonly loss: NamedConfig
  readonly target: TargetForm
}

/** Compiles a model and its loss for evaluation. */
export function buildEvaluationProgram({ model, loss, target }: EvaluationSpec): Uint8Array {
  const graph = Graph.create('evaluation')
  const op = createBuilder(graph)
  const xs = model.inputs.map(({ shape }, i) => graph.input(inputFeed(i), 'float32', ['batch', ...shape]))
  const y = graph.input('y', target.type, ['batch', ...target.shape])
  const weights: Record<string, Real> = {}
  for (const group of layoutOf(model.weights)) {
    Object.assign(weights, unpackGroup(op, group, graph.input(`group/${group.id}`, 'float32', [1, group.size])))
  }
  const called = callModel(op, model, xs, weights, noNoise)
  const { perSample, penalty } = modelLoss(op, lossOf(loss), loss, called, y)
  graph.output(perSample)
  graph.output(op.Identity(penalty ?? op.constant({ type: 'float32', dims: [], data: new Float32Array(1) })))
  graph.output(prediction(op, { model, loss }, called))
  prune(graph)
  return toBytes(graph)
}

/** One stretch of rows that was evaluated; the rows are `start` … `start + rows - 1` of the part. */
export interface EvaluatedRows {
  readonly start: number
  readonly rows: number
  readonly predictions: Float32Array
}

export interface Evaluator {
  /**
   * The exact mean loss over a part (of weight · loss where rows are weighted), penalties included; `onRows` sees the outputs, stretch by stretch.
   * @throws {Problem} engine_failed
   */
  evaluate(
    part: PartData,
    vectors: ReadonlyMap<string, Float32Array>,
    onRows: (rows: EvaluatedRows) => void,
  ): Promise<number>
  close(): Promise<void>
}

/** Rows of one native run: so many numbers of input at most. */
const numbersPerRun = 2 ** 22

/** Opens a session of the evaluation program. */
export async function openEvaluator(spec: EvaluationSpec, options: SessionOptions): Promise<Evaluator> {
  const session = await openSession(buildEvaluationProgram(spec), options)
  const { inputs, outputs } = spec.model
  const rowSize = [...inputs, ...outputs.slice(0, 1)].reduce((sum, { shape }) => sum + elementCount(shape), 0)
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
      for (let start = 0; start < part.rows; start += rowsPerRun) {
        const rows = Math.min(rowsPerRun, part.rows - start)
        const xs = inputsOf(part).map((x, i) => [inputFeed(i), rowsOf(x, start, rows)])
        const feeds = { ...groups, ...Object.fromEntries(xs), y: rowsOf(part.y, start, rows) }
        const results = await session.run(feeds)
        const [losses, penalty, predictions] = session.outputNames.map((name) => results[name]?.data as Float32Array)
        for (const [i, loss] of losses?.entries() ?? []) sum += loss * (part.weights?.[start + i] ?? 1)
        sum += rows * (penalty?.[0] ?? 0)
        onRows({ start, rows, predictions: predictions ?? new Float32Array() })
      }
      return sum / part.rows
    },
    close: () => session.close(),
  }
}

/** A view of some rows of a tensor whose first axis are the rows. */
function rowsOf(tensor: Tensor, start: number, rows: number): Tensor {
  const size = elementCount(tensor.dims.slice(1))
  const data = (tensor.data as Float32Array).subarray(start * size, (start + rows) * size)
  return { type: tensor.type, dims: [rows, ...tensor.dims.slice(1)], data } as Tensor
}
