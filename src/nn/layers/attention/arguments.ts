/** What the attentions of several heads share: their arguments, and the weights of their affine maps. */
import { Type } from 'typebox'
import { PositiveInteger, Seed, Switch } from '../../strict.ts'
import { RegularizerArgument } from '../arguments.ts'
import type { WeightDeclaration } from '../layer.ts'
import { declareWeight, type WeightConfig, weightArguments } from '../weight-arguments.ts'

export const OptionalPositive = Type.Unsafe<number | null>({ anyOf: [PositiveInteger, Type.Null()], default: null })

/** Arguments of Keras' call, which a definition has none of. */
export const callArguments = {
  use_causal_mask: Switch(false, 'A step sees itself and those before it'),
  return_attention_scores: Switch(false, 'Gives what each step takes from each as a second output'),
}

export const DropoutArgument = Type.Number({ minimum: 0, exclusiveMaximum: 1, default: 0 })

export const headArguments = {
  dropout: DropoutArgument,
  use_bias: Switch(true),
  sliding_window: Type.Unsafe<number | null>({
    ...OptionalPositive,
    description: 'A step sees those less than so many steps before or after it',
  }),
  flash_attention: Type.Unsafe<boolean | null>({
    enum: [true, false, null],
    default: null,
    description: 'How Keras computes, and not what: no effect',
  }),
  ...callArguments,
  ...weightArguments('kernel', 'glorot_uniform'),
  ...weightArguments('bias', 'zeros'),
  activity_regularizer: RegularizerArgument,
  use_gate: Switch(false, 'What the heads give is multiplied by a sigmoid of an affine map of the query'),
  seed: Seed,
}

type ProjectionConfig = WeightConfig<'kernel'> & WeightConfig<'bias'> & { readonly use_bias: boolean }

/** Heads of a dimension. */
export type Heads = readonly [heads: number, dim: number]

export interface Projections {
  /** Features of query, value and key. */
  readonly features: readonly [query: number, value: number, key: number]
  readonly query: Heads
  readonly key: Heads
  readonly value: Heads
  /** What the output has in place of the query's features. */
  readonly output: readonly number[]
}

/** Kernels [features, heads, dim], biases [heads, dim], output kernel [heads, dim of value, …output], in Keras' order. */
export function projectionWeights(
  config: ProjectionConfig & { readonly use_gate: boolean },
  { features, query, key, value, output }: Projections,
) {
  const kernel = (...shape: readonly number[]): WeightDeclaration => declareWeight(config, 'kernel', shape)
  const bias = (...shape: readonly number[]) => (config.use_bias ? declareWeight(config, 'bias', shape) : null)
  const given: Heads = [query[0], value[1]] // what the heads give
  return {
    query_kernel: kernel(features[0], ...query),
    query_bias: bias(...query),
    key_kernel: kernel(features[2], ...key),
    key_bias: bias(...key),
    gate_kernel: config.use_gate ? kernel(features[0], ...given) : null,
    gate_bias: config.use_gate ? bias(...given) : null,
    value_kernel: kernel(features[1], ...value),
    value_bias: bias(...value),
    output_kernel: kernel(...given, ...output),
    output_bias: bias(...output),
  }
}

/** Query, value and key: the key is the value, and the value the query, where they are left out. */
export function roles<T>(given: readonly T[]): readonly [query: T, value: T, key: T] {
  const [query, value = query, key = value] = given
  if (query === undefined || value === undefined || key === undefined) throw new Error('attention takes an input')
  return [query, value, key]
}
