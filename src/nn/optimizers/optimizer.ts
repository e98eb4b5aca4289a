/** The form of an optimizer: from a weight and its gradient to the next weight, as a graph. */
import type { TUnsafe } from 'typebox'
import type { Builder } from '../../onnx/builder.ts'
import { tensorOf } from '../../onnx/tensor.ts'
import type { Real } from '../../onnx/value.ts'
import type { NamedConfig } from '../named.ts'
import type { LearningRate } from '../schedules/index.ts'
import type { CommonConfig } from './common.ts'

export interface OptimizerConfig extends NamedConfig, CommonConfig {
  readonly learning_rate: LearningRate
}

/** Values by name; `S` the slots, `N` the numbers of a step. */
type Values<K extends string> = Readonly<Record<K, Real>>

export interface UpdateInputs<S extends string = string, N extends string = string> {
  /** A weight, or several laid end to end, [1, n]. */
  readonly weight: Real
  /** Its gradient, clipped where that is asked for, [1, n]. */
  readonly gradient: Real
  /** What the optimizer keeps for it, [1, n] each. */
  readonly slots: Values<S>
  /** What `scalars` computed for this step, [1, 1] each. */
  readonly scalars: Values<N>
}

export interface UpdateResult<S extends string = string> {
  readonly weight: Real
  readonly slots: Values<S>
}

export interface Optimizer<
  C extends OptimizerConfig = OptimizerConfig,
  S extends string = string,
  N extends string = string,
> {
  readonly config: TUnsafe<C>
  /** What is kept for each weight, with the value it starts from. Some are kept rescaled: see the optimizer. */
  slots(config: C): Readonly<Record<S, number>>
  /**
   * The numbers of one step, computed in float64 outside of the graph. `step` counts updates from 1, this one included.
   */
  scalars(config: C, step: number, learningRate: number): Readonly<Record<N, number>>
  /**
   * The next weight and slots. Every operation works element by element, so that small weights can be laid end to end
   * and updated at once.
   */
  update(op: Builder, inputs: UpdateInputs<S, N>, config: C): UpdateResult<S>
}

/** An optimizer for the table: its own types are checked here and then forgotten. */
export function defineOptimizer<C extends OptimizerConfig, S extends string, N extends string>(
  optimizer: Optimizer<C, S, N>,
): Optimizer {
  return optimizer as unknown as Optimizer // the training program feeds `update` what `slots` and `scalars` named
}

/** a·x + c·y for numbers a [1, 1] and c in one pass over x and y, [1, n]: faster than Mul and Add on CPU. */
export function axpy(op: Builder, a: Real, x: Real, y: Real, c = 1): Real {
  return op.Gemm(a, x, y, c === 1 ? {} : { beta: c })
}

/** A number as [1, 1]. */
export function factor(op: Builder, value: number, like: Real): Real {
  return op.constant(tensorOf(like.type, [value], [1, 1]))
}
