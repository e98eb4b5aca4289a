/** The form of a recurrent cell: its formula for one step, and the fused operator that serves it. */
import type { Builder } from '../../../onnx/builder.ts'
import type { Real } from '../../../onnx/value.ts'
import { type ActivationName, activations } from '../../activations.ts'

/** What a cell reads of its layer's arguments. */
export interface CellConfig {
  readonly units: number
  readonly activation: ActivationName | null
}

export interface CellWeights {
  /** [features, gates·units] */
  readonly kernel: Real
  /** [units, gates·units] */
  readonly recurrent_kernel: Real
  readonly bias: Real | null
}

/** Weights in the order in which the steps want them; made once, around the loop. */
export interface Arranged {
  /** What the inputs are projected by: x·kernel + bias. */
  readonly kernel: Real
  readonly bias: Real | null
  readonly recurrent: readonly Real[]
  readonly recurrentBias: Real | null
}

export interface Step {
  /** The projected input, [batch, gates·units]. */
  readonly x: Real
  /** The states before, [batch, units] each; the first is the output. */
  readonly states: readonly Real[]
  /**
   * The first state as the products see it: with dropout. One for all gates, or one for each, in the order of the weights;
   * `weights.recurrent` then holds a kernel for each.
   */
  readonly seen: readonly Real[]
  readonly weights: Arranged
}

export type Direction = 'forward' | 'reverse'

export interface FusedResult {
  /** All outputs, [time, 1, batch, units], in the order of time. */
  readonly sequence: Real
  /** The states after the last step, [1, batch, units] each. */
  readonly states: readonly Real[]
}

export interface Cell<C extends CellConfig = CellConfig> {
  readonly stateCount: number
  /** How many blocks of `units` columns the weights have. */
  readonly gates: number
  /** Whether each gate has draws of its own for a dropout of the states (and then of the inputs as well), as in Keras. */
  readonly gatesDropApart: boolean
  arrange(op: Builder, weights: CellWeights, config: C): Arranged
  /** The states after a step. */
  step(op: Builder, step: Step, config: C): readonly Real[]
  /** The activations that the operator would have to know. */
  activations(config: C): readonly (ActivationName | null)[]
  /** `x` is [time, batch, features]; `names` are ONNX's of `activations`. */
  fused(op: Builder, x: Real, weights: CellWeights, config: C, options: FusedOptions): FusedResult
}

export interface FusedOptions {
  readonly direction: Direction
  readonly names: readonly string[]
  /** The states before the first step, [1, batch, units] each; none are zeros. */
  readonly initial: readonly Real[]
}

/** Activations that the fused operators know without arguments. */
export const fusedActivations: Readonly<Partial<Record<ActivationName, string>>> = {
  tanh: 'Tanh',
  sigmoid: 'Sigmoid',
  relu: 'Relu',
}

/** An activation of the cell; null is linear. */
export function activate(op: Builder, x: Real, name: ActivationName | null): Real {
  return activations[name ?? 'linear'].apply(op, x)
}

/** Blocks of `units` columns. */
export function splitGates(op: Builder, x: Real, count: number, units: number): Real[] {
  const sizes = Array.from({ length: count }, () => units)
  return op.Split(x, op.ints(sizes), { axis: -1 }) as Real[]
}

/** seen·kernel + add: one product where all gates see the same, else gate by gate. */
export function recurrentProduct(op: Builder, { seen, weights }: Step, add: Real | null, units: number): Real {
  const product = (i: number, plus: Real | null) => op.Gemm(seen[i] as Real, weights.recurrent[i] as Real, plus, {}) // as many kernels as there are to be seen
  if (seen.length === 1) return product(0, add)
  const adds = add && splitGates(op, add, seen.length, units)
  return op.Concat(
    seen.map((_, i) => product(i, adds?.[i] ?? null)),
    { axis: -1 },
  )
}

/** Blocks of columns in another order. */
export function reorderGates<T extends Real | null>(op: Builder, x: T, order: readonly number[], units: number): T {
  if (x === null) return x
  const gates = splitGates(op, x, order.length, units)
  return op.Concat(
    order.map((at) => gates[at] as Real),
    { axis: -1 },
  ) as T
}

/** A weight as the fused operators want it: rows for gates, with an axis of directions in front. */
export function fusedWeight(op: Builder, x: Real): Real {
  return op.Unsqueeze(op.Transpose(x, { perm: [1, 0] }), op.ints([0]))
}

/** The biases of the input and of the recurrent product side by side; zeros stand for one that is not there. */
export function fusedBias(op: Builder, input: Real | null, recurrent: Real | null): Real | null {
  const some = input ?? recurrent
  if (!some) return null
  const zeros = op.Mul(some, op.scalar(0, some))
  return op.Unsqueeze(op.Concat([input ?? zeros, recurrent ?? zeros], { axis: 0 }), op.ints([0]))
}
