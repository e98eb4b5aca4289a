/** MultiHeadAttention: every step of a query takes what it needs from the steps of another sequence. */
import { Type } from 'typebox'
import type { Builder } from '../../../onnx/builder.ts'
import type { Real } from '../../../onnx/value.ts'
import { PositiveInteger, Seed, Switch } from '../../strict.ts'
import { ConstraintArgument, InitializerArgument, RegularizerArgument } from '../arguments.ts'
import { defineLayer, type LayerContext, layerConfig, type WeightDeclaration } from '../layer.ts'
import { purposeOf } from '../regularization/normal.ts'
import { attentionMask, type MaskSources, maskedSoftmax } from './masked-softmax.ts'

/** Query, value and key: the key is the value, and the value the query, where they are left out. */
function roles<T>(given: readonly T[]): readonly [query: T, value: T, key: T] {
  const [query, value = query, key = value] = given
  if (query === undefined || value === undefined || key === undefined) throw new Error('attention takes an input')
  return [query, value, key]
}

/**
 * Heads h = 1 … num_heads of softmax(Q·Kᵀ/√key_dim)·V, where Q, K, V are affine maps of query, key and value, and an
 * affine map of all heads together. Inputs: query [batch, time, features], value [batch, source, …], key [batch, source, …].
 * One input attends to itself. Shapes: → [batch, time, output_shape or the query's features]. Masks of the inputs and
 * `use_causal_mask` (a step sees itself and those before it; Keras' argument of the call) say what may be seen.
 * Kernels [features, heads, dim], biases [heads, dim], output kernel [heads, value_dim, features].
 * @throws {Problem} shape_mismatch where the inputs are no sequences
 * @see Vaswani et al. 2017, https://keras.io/api/layers/attention_layers/multi_head_attention/
 */
export const MultiHeadAttention = defineLayer({
  config: layerConfig(
    'MultiHeadAttention',
    {
      num_heads: PositiveInteger,
      key_dim: PositiveInteger,
      value_dim: Type.Unsafe<number | null>({ anyOf: [PositiveInteger, Type.Null()], default: null }),
      dropout: Type.Number({ minimum: 0, exclusiveMaximum: 1, default: 0 }),
      use_bias: Switch(true),
      output_shape: Type.Unsafe<number | null>({ anyOf: [PositiveInteger, Type.Null()], default: null }),
      use_causal_mask: Switch(false, 'A step sees itself and those before it'),
      kernel_initializer: InitializerArgument('glorot_uniform'),
      bias_initializer: InitializerArgument('zeros'),
      kernel_regularizer: RegularizerArgument,
      bias_regularizer: RegularizerArgument,
      activity_regularizer: RegularizerArgument,
      kernel_constraint: ConstraintArgument,
      bias_constraint: ConstraintArgument,
      seed: Seed,
    },
    'Attention of several heads: query, value and, where it differs, key',
  ),
  arity: { least: 1, most: 3 },
  misfit: (_config, _shape, { inputShapes }) => {
    if (inputShapes.some(({ length }) => length !== 2)) return 'sequences of features: samples with two axes'
    const [, value, key] = roles(inputShapes)
    return value[0] === key[0] ? null : 'a value and a key of the same number of steps'
  },
  weights: (config, _shape, { inputShapes }) => {
    const { num_heads: heads, key_dim, value_dim, output_shape } = config
    const [query, value, key] = roles(inputShapes.map((shape) => shape.at(-1) ?? 1))
    const depth = value_dim ?? key_dim
    const units = output_shape ?? query
    const kernel = (shape: readonly number[]): WeightDeclaration => ({
      shape,
      initializer: config.kernel_initializer,
      regularizer: config.kernel_regularizer,
      constraint: config.kernel_constraint,
    })
    const bias = (shape: readonly number[]): WeightDeclaration | null =>
      config.use_bias
        ? {
            shape,
            initializer: config.bias_initializer,
            regularizer: config.bias_regularizer,
            constraint: config.bias_constraint,
          }
        : null
    return {
      query_kernel: kernel([query, heads, key_dim]),
      query_bias: bias([heads, key_dim]),
      key_kernel: kernel([key, heads, key_dim]),
      key_bias: bias([heads, key_dim]),
      value_kernel: kernel([value, heads, depth]),
      value_bias: bias([heads, depth]),
      output_kernel: kernel([heads, depth, units]),
      output_bias: bias([units]),
    }
  },
  mask: 'passes',
  call: (op, _x, weights, config, context) => {
    const [query, value, key] = roles(context.inputs)
    const q = project(op, query, weights.query_kernel, weights.query_bias)
    const k = project(op, key, weights.key_kernel, weights.key_bias)
    const v = project(op, value, weights.value_kernel, weights.value_bias)
    const scaled = op.Mul(q, op.scalar(1 / Math.sqrt(config.key_dim), q))
    const scores = op.MatMul(op.Transpose(scaled, { perm: [0, 2, 1, 3] }), op.Transpose(k, { perm: [0, 2, 3, 1] }))
    const seen = maskedSoftmax(op, scores, attentionMask(op, scores, maskSources(context, config.use_causal_mask)))
    const kept = dropped(op, seen, config, context)
    const heads = op.Transpose(op.MatMul(kept, op.Transpose(v, { perm: [0, 2, 1, 3] })), { perm: [0, 2, 1, 3] })
    const [all, units] = [config.num_heads * (config.value_dim ?? config.key_dim), weights.output_kernel.shape.at(-1)]
    const y = op.MatMul(
      op.Reshape(heads, op.ints([0, 0, all])),
      op.Reshape(weights.output_kernel, op.ints([all, Number(units)])),
    )
    return weights.output_bias ? op.Add(y, weights.output_bias) : y
  },
})

/** [batch, time, features] · [features, heads, dim] → [batch, time, heads, dim] */
function project(op: Builder, x: Real, kernel: Real, bias: Real | null): Real {
  const [features = 1, heads = 1, dim = 1] = kernel.shape.map(Number)
  const y = op.MatMul(x, op.Reshape(kernel, op.ints([features, heads * dim])))
  const parted = op.Reshape(y, op.ints([0, 0, heads, dim]))
  return bias ? op.Add(parted, bias) : parted
}

function maskSources({ inputs, masks }: LayerContext, causal: boolean): MaskSources {
  return {
    query: masks[0] ?? null,
    // one input attends to itself, and Keras gives its mask to query and value alike
    seen: inputs.length === 1 ? masks : masks.slice(1),
    causal,
  }
}

function dropped(
  op: Builder,
  scores: Real,
  { dropout, seed }: { dropout: number; seed: number | null },
  { training, uniform, layerName }: LayerContext,
): Real {
  if (!training || dropout === 0) return scores
  const draws = uniform(scores, purposeOf(seed, layerName))
  const kept = op.Cast(op.GreaterOrEqual(draws, op.scalar(dropout, draws)), { to: scores.type })
  return op.Mul(scores, op.Mul(kept, op.scalar(1 / (1 - dropout), kept)))
}
