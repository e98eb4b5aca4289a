/** Attention, AdditiveAttention: every step of a query takes what it needs from a value, without heads. */
import { Type } from 'typebox'
import type { Builder } from '../../../onnx/builder.ts'
import type { Real } from '../../../onnx/value.ts'
import { Seed, Switch } from '../../strict.ts'
import { defineLayer, type LayerContext, layerConfig, type Surroundings, type WeightDeclaration } from '../layer.ts'
import { callArguments, DropoutArgument, roles } from './arguments.ts'
import { dropped } from './attend.ts'
import { attentionMask, maskedSoftmax } from './masked-softmax.ts'

interface Config {
  readonly dropout: number
  readonly seed: number | null
  readonly use_causal_mask: boolean
  readonly return_attention_scores: boolean
}

/** softmax(scores)·value, 0 where the query is masked; scores [batch, time, source]. */
function taken(op: Builder, scores: Real, value: Real, config: Config, { masks, ...context }: LayerContext) {
  const [queryMask = null, valueMask = null] = masks.length === 1 ? [masks[0], masks[0]] : masks
  const sources = { query: null, seen: [valueMask], causal: config.use_causal_mask, window: null }
  const seen = maskedSoftmax(op, scores, attentionMask(op, scores, sources))
  const y = op.MatMul(dropped(op, seen, config, context), value)
  const kept = queryMask ? op.Where(op.Unsqueeze(queryMask, op.ints([2])), y, op.scalar(0, y)) : y
  return config.return_attention_scores ? [kept, seen] : [kept]
}

function sequencesMisfit({ inputShapes }: Surroundings): string | null {
  if (inputShapes.some(({ length }) => length !== 2)) return 'sequences of features: samples with two axes'
  const [query, value, key] = roles(inputShapes)
  if (query[1] !== key[1]) return 'a query and a key of the same number of features'
  return value[0] === key[0] ? null : 'a value and a key of the same number of steps'
}

const commonArguments = { dropout: DropoutArgument, ...callArguments, seed: Seed }

const one: WeightDeclaration = { shape: [], initializer: 'ones', regularizer: null }

/** q + k for each pair of steps, [batch, time, source, features]. */
const sums = (op: Builder, query: Real, key: Real) =>
  op.Add(op.Unsqueeze(query, op.ints([2])), op.Unsqueeze(key, op.ints([1])))

/**
 * softmax(scores)·value with scores query·keyᵀ (`dot`), or concat_score_weight·Σ tanh(scale·(query + key)) (`concat`);
 * `use_scale` learns the scale, else it is 1. Inputs: query [batch, time, features], value [batch, source, …], and key, which
 * is the value where it is left out; one input attends to itself. Shapes: → [batch, time, the value's features].
 * @throws {Problem} shape_mismatch where the inputs are no sequences or do not fit each other
 * @see Luong et al. 2015, https://keras.io/api/layers/attention_layers/attention/
 */
export const Attention = defineLayer({
  config: layerConfig(
    'Attention',
    {
      use_scale: Switch(false),
      score_mode: Type.Unsafe<'dot' | 'concat'>({ enum: ['dot', 'concat'], default: 'dot' }),
      ...commonArguments,
    },
    'Attention by products of query and key',
  ),
  arity: { least: 1, most: 3 },
  misfit: (_config, _shape, surroundings) => sequencesMisfit(surroundings),
  weights: ({ use_scale, score_mode }) => ({
    scale: use_scale ? one : null,
    concat_score_weight: score_mode === 'concat' ? one : null,
  }),
  mask: 'passes',
  call: (op, _x, { scale, concat_score_weight: weight }, config, context) => {
    const [query, value, key] = roles(context.inputs)
    const scaled = (x: Real) => (scale ? op.Mul(x, scale) : x)
    if (!weight) {
      const scores = scaled(op.MatMul(query, op.Transpose(key, { perm: [0, 2, 1] })))
      return taken(op, scores, value, config, context)
    }
    const bent = op.Tanh(scaled(sums(op, query, key)))
    const scores = op.Mul(op.ReduceSum(bent, op.ints([3]), { keepdims: 0 }), weight)
    return taken(op, scores, value, config, context)
  },
})

/**
 * Attention with scores Σ scale·tanh(query + key), scale [features], Glorot uniform (`use_scale`, else 1). Inputs and shapes
 * as those of Attention.
 * @throws {Problem} shape_mismatch where the inputs are no sequences or do not fit each other
 * @see Bahdanau et al. 2015, https://keras.io/api/layers/attention_layers/additive_attention/
 */
export const AdditiveAttention = defineLayer({
  config: layerConfig(
    'AdditiveAttention',
    { use_scale: Switch(true), ...commonArguments },
    'Attention by sums of query and key',
  ),
  arity: { least: 1, most: 3 },
  misfit: (_config, _shape, surroundings) => sequencesMisfit(surroundings),
  weights: ({ use_scale }, inputShape) => ({
    scale: use_scale ? { shape: [inputShape.at(-1) ?? 1], initializer: 'glorot_uniform', regularizer: null } : null,
  }),
  mask: 'passes',
  call: (op, _x, { scale }, config, context) => {
    const [query, value, key] = roles(context.inputs)
    const bent = op.Tanh(sums(op, query, key))
    const scores = op.ReduceSum(scale ? op.Mul(bent, scale) : bent, op.ints([3]), { keepdims: 0 })
    return taken(op, scores, value, config, context)
  },
})
