/** Trains a model step by step with plain graphs: the slow and simple form that faster ones are held against. */
import { gradients } from '../../src/autodiff/gradients.ts'
import { lossOf, resolveLoss } from '../../src/nn/losses/index.ts'
import { callModel } from '../../src/nn/lower.ts'
import type { Model } from '../../src/nn/model.ts'
import type { Given } from '../../src/nn/named.ts'
import { optimizerOf, resolveOptimizer } from '../../src/nn/optimizers/index.ts'
import { learningRateAt } from '../../src/nn/schedules/index.ts'
import { type Builder, createBuilder } from '../../src/onnx/builder.ts'
import { toBytes } from '../../src/onnx/codec.ts'
import { type Tensor, tensorOf } from '../../src/onnx/tensor.ts'
import type { Real } from '../../src/onnx/value.ts'
import { openSession } from '../../src/runtime/session.ts'
import type { Weights } from './check-layer.ts'
import { newGraph, numbers } from './graph.ts'
import { flat, type Nested, shapeOf } from './keras.ts'

/** The loss before each step and the weights after the last. */
export async function trainSteps(
  model: Model,
  weights: Weights,
  lossGiven: Given,
  optimizerGiven: Given,
  batches: readonly (readonly [x: Nested, y: Nested])[],
): Promise<{ losses: number[]; weights: Map<string, number[]> }> {
  const op = createBuilder(newGraph())
  const values: Record<string, Real> = {}
  for (const { name, shape } of model.weights) values[name] = op.graph.input(name, 'float32', shape)
  const { loss, trueType, moved } = buildLoss(op, model, values, lossGiven)
  const step = buildUpdates(op, model, values, loss, optimizerGiven)
  op.graph.output(loss)
  for (const [name, value] of moved) {
    op.graph.output(value)
    step.outputs.set(name, value.name)
  }
  const state = new Map<string, Tensor>(step.slots)
  for (const { name, shape } of model.weights) state.set(name, tensorOf('float32', weights.get(name) ?? [], shape))
  const session = await openSession(toBytes(op.graph))
  const losses: number[] = []
  for (const [i, [x, y]] of batches.entries()) {
    const results = await session.run({
      ...Object.fromEntries(state),
      ...step.scalars(i),
      x: tensorOf('float32', flat(x), shapeOf(x)),
      yTrue: tensorOf(trueType, flat(y), shapeOf(y)),
    })
    losses.push(...numbers(results[loss.name]))
    for (const [name, output] of step.outputs) state.set(name, results[output] as Tensor)
  }
  await session.close()
  return { losses, weights: new Map(model.weights.map(({ name }) => [name, numbers(state.get(name))])) }
}

/** Mean over the batch plus the penalties, from logits where there are any. */
function buildLoss(op: Builder, model: Model, values: Readonly<Record<string, Real>>, given: Given) {
  const config = resolveLoss(given)
  const entry = lossOf(config)
  const trueType = entry.targetKind === 'class_index' ? 'int64' : 'float32'
  const x = op.graph.input('x', 'float32', ['batch', ...(model.inputs[0]?.shape ?? [])])
  const outputShape = model.outputs[0]?.shape ?? []
  const yShape = entry.targetKind === 'class_index' ? outputShape.slice(0, -1) : outputShape
  const y = op.graph.input('yTrue', trueType, ['batch', ...yShape])
  const called = callModel(op, model, [x], values, { training: true, uniform: (like) => like })
  const logits = called.logits[0]
  const perSample =
    logits && entry.fromLogits
      ? entry.fromLogits(op, y, logits, config)
      : entry.perSample(op, y, called.outputs[0] as Real, config)
  const mean = op.ReduceMean(perSample, null, { keepdims: 0 })
  const loss = called.penalties.reduce((sum, penalty) => op.Add(sum, penalty), mean)
  return { loss, trueType, moved: called.updates } as const
}

function buildUpdates(op: Builder, model: Model, values: Readonly<Record<string, Real>>, loss: Real, given: Given) {
  const config = resolveOptimizer(given)
  const optimizer = optimizerOf(config)
  const trained = model.weights.filter(({ trainable }) => trainable)
  const wrt = trained.map(({ name }) => values[name] as Real)
  const scalarNames = Object.keys(optimizer.scalars(config, 1, 0.1))
  const scalars = Object.fromEntries(
    scalarNames.map((name) => [name, op.graph.input(`scalar ${name}`, 'float32', [1, 1]) as Real]),
  )
  const outputs = new Map<string, string>()
  const slots: [string, Tensor][] = []
  gradients(op, loss, wrt).forEach((gradient, i) => {
    const { name, shape } = trained[i] as (typeof trained)[number]
    const size = shape.reduce((all, length) => all * length, 1)
    const row = (value: Real) => op.Reshape(value, op.ints([1, size]))
    const slotName = (slot: string) => `${slot} of ${name}`
    const kept = Object.entries(optimizer.slots(config))
    const slotValues = kept.map(([slot]) => [slot, op.graph.input(slotName(slot), 'float32', [1, size]) as Real])
    for (const [slot, start] of kept) {
      slots.push([slotName(slot), tensorOf('float32', new Float32Array(size).fill(start), [1, size])])
    }
    const inputs = {
      weight: row(wrt[i] as Real),
      gradient: row(gradient),
      slots: Object.fromEntries(slotValues) as Record<string, Real>,
      scalars,
    }
    const next = optimizer.update(op, inputs, config)
    const put = (key: string, value: Real) => {
      op.graph.output(value)
      outputs.set(key, value.name)
    }
    put(name, op.Reshape(next.weight, op.ints(shape)))
    for (const [slot, value] of Object.entries(next.slots)) put(slotName(slot), value)
  })
  return {
    outputs,
    slots,
    scalars: (step: number): Record<string, Tensor> => {
      const numbersOfStep = optimizer.scalars(config, step + 1, learningRateAt(config.learning_rate, step))
      return Object.fromEntries(
        Object.entries(numbersOfStep).map(([name, value]) => [`scalar ${name}`, tensorOf('float32', [value], [1, 1])]),
      )
    },
  }
}
