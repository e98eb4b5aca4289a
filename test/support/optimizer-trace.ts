/** Runs an optimizer on given gradients, as a training program would apply it. */
import type { Given } from '../../src/nn/named.ts'
import { applyGradients, scalarsOf, slotsOf } from '../../src/nn/optimizers/apply.ts'
import { resolveOptimizer } from '../../src/nn/optimizers/index.ts'
import { createBuilder } from '../../src/onnx/builder.ts'
import { toBytes } from '../../src/onnx/codec.ts'
import { type Tensor, tensorOf } from '../../src/onnx/tensor.ts'
import type { Real } from '../../src/onnx/value.ts'
import { openSession } from '../../src/runtime/session.ts'
import { newGraph, numbers } from './graph.ts'

export interface OptimizerRun {
  readonly start: readonly number[]
  /** One per batch. */
  readonly gradients: readonly (readonly number[])[]
  readonly rates: readonly number[]
  /** Lengths of the weights in `start`, grouped as they share a vector; one weight by default. */
  readonly groups?: readonly (readonly number[])[]
}

const sum = (values: readonly number[]) => values.reduce((all, value) => all + value, 0)
const row = (values: ArrayLike<number>) => tensorOf('float32', values, [1, values.length])

/** The weights after each batch, and the slots at the end, by slot name. */
export async function traceOptimizer(given: Given, run: OptimizerRun) {
  const { start, gradients, rates, groups = [[start.length]] } = run
  const config = resolveOptimizer(given)
  const op = createBuilder(newGraph())
  const number = (name: string): Real => op.graph.input(`at ${name}`, 'float32', [1, 1])
  const slots = Object.entries(slotsOf(config))
  const scalars = Object.fromEntries(Object.keys(scalarsOf(config, 0, 0.1)).map((name) => [name, number(name)]))
  const state = new Map<string, Tensor>()
  let offset = 0
  const laid = groups.map((sizes, i) => {
    const [from, size] = [offset, sum(sizes)]
    offset += size
    const vector = (name: string): Real => op.graph.input(`${name} ${i}`, 'float32', [1, size])
    state.set(`weight ${i}`, row(start.slice(from, offset)))
    for (const [slot, value] of slots) state.set(`${slot} ${i}`, row(new Float32Array(size).fill(value)))
    const own = Object.fromEntries(slots.map(([slot]) => [slot, vector(slot)]))
    return { id: `${i}`, from, size, sizes, weight: vector('weight'), gradient: vector('gradient'), slots: own }
  })
  const outputs = applyGradients(op, laid, scalars, config).flatMap((next, i) =>
    Object.entries({ weight: next.weight, ...next.slots }).map(([name, value]) => [`${name} ${i}`, value] as const),
  )
  for (const [, value] of outputs) op.graph.output(value)
  const session = await openSession(toBytes(op.graph))
  const joined = (name: string) => laid.flatMap((_, i) => numbers(state.get(`${name} ${i}`)))
  const weights: number[][] = []
  for (const [batch, gradient] of gradients.entries()) {
    const values = Object.entries(scalarsOf(config, batch, rates[batch] ?? 0))
    const results = await session.run({
      ...Object.fromEntries(state),
      ...Object.fromEntries(values.map(([name, value]) => [`at ${name}`, row([value])])),
      ...Object.fromEntries(laid.map(({ from, size }, i) => [`gradient ${i}`, row(gradient.slice(from, from + size))])),
    })
    for (const [name, value] of outputs) state.set(name, results[value.name] as Tensor)
    weights.push(joined('weight'))
  }
  await session.close()
  return { weights, slots: Object.fromEntries(slots.map(([slot]) => [slot, joined(slot)])) }
}
