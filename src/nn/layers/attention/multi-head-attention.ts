/** MultiHeadAttention: every step of a query takes what it needs from the steps of another sequence. */
import { type TUnsafe, Type } from 'typebox'
import { PositiveInteger } from '../../strict.ts'
import { defineLayer, layerConfig } from '../layer.ts'
import { headArguments, OptionalPositive, projectionWeights, roles } from './arguments.ts'
import { attendWithHeads } from './attend.ts'

type Lengths = number | readonly number[]

const axis = { type: 'integer', minimum: -8, maximum: 8 }
const orList = (item: object) => [item, { type: 'array', items: item, minItems: 1, maxItems: 8 }]

const AxesArgument: TUnsafe<Lengths | null> = Type.Unsafe<Lengths | null>({
  anyOf: [...orList(axis), { type: 'null' }],
  default: null,
  description: 'The axes along which steps see each other (the batch is 0); null: all but the features',
})

const OutputShapeArgument: TUnsafe<Lengths | null> = Type.Unsafe<Lengths | null>({
  anyOf: [...orList(PositiveInteger), { type: 'null' }],
  default: null,
  description: 'What the output has in place of the features of the query',
})

const listed = (given: Lengths): readonly number[] => (typeof given === 'number' ? [given] : given)

/** The axes of values of `rank` axes, batch included, counted from the front and in order. */
function attentionAxes(given: Lengths | null, rank: number): readonly number[] {
  if (given === null) return Array.from({ length: rank - 2 }, (_, i) => i + 1)
  return [...new Set(listed(given).map((at) => (at < 0 ? at + rank : at)))].sort((a, b) => a - b)
}

/**
 * Heads h = 1 … num_heads of softmax(Q·Kᵀ/√key_dim)·V, where Q, K, V are affine maps of query, key and value, and an
 * affine map of all heads together. Inputs: query [batch, time, features], value [batch, source, …], key [batch, source, …].
 * One input attends to itself. Shapes: → [batch, time, …output_shape or the query's features], and with
 * `return_attention_scores` [batch, heads, time, source]. Masks of the inputs, `use_causal_mask` (a step sees itself and those
 * before it; Keras' argument of the call) and `sliding_window` say what may be seen. With more axes of samples,
 * `attention_axes` are those along which steps see each other; along the others each place has its own attention, and masks
 * say nothing. `use_gate` (Qiu et al. 2025) multiplies what the heads give by sigmoid(query·gate_kernel + gate_bias).
 * Masks stay with the inputs for other layers, too; Keras 3.15 takes them away from tensors that an attention has seen, so
 * that layers called later than it see none.
 * Kernels [features, heads, dim], biases [heads, dim], output kernel [heads, value_dim, …output].
 * @throws {Problem} shape_mismatch where the inputs are no sequences or do not fit each other
 * @see Vaswani et al. 2017, https://keras.io/api/layers/attention_layers/multi_head_attention/
 */
export const MultiHeadAttention = defineLayer({
  config: layerConfig(
    'MultiHeadAttention',
    {
      num_heads: PositiveInteger,
      key_dim: PositiveInteger,
      value_dim: OptionalPositive,
      output_shape: OutputShapeArgument,
      attention_axes: AxesArgument,
      ...headArguments,
    },
    'Attention of several heads: query, value and, where it differs, key',
  ),
  arity: { least: 1, most: 3 },
  misfit: (config, _shape, { inputShapes }) => shapesMisfit(config, inputShapes),
  weights: (config, _shape, { inputShapes }) => {
    const [query = 1, value = 1, key = 1] = roles(inputShapes.map((shape) => shape.at(-1)))
    return projectionWeights(config, {
      features: [query, value, key],
      query: [config.num_heads, config.key_dim],
      key: [config.num_heads, config.key_dim],
      value: [config.num_heads, config.value_dim ?? config.key_dim],
      output: listed(config.output_shape ?? query),
    })
  },
  mask: 'passes',
  call: (op, _x, weights, config, context) => {
    const inputs = roles(context.inputs)
    const axes = attentionAxes(config.attention_axes, inputs[0].shape.length)
    return attendWithHeads(op, { inputs, axes }, weights, config, context)
  },
})

interface AttentionShapes {
  readonly attention_axes: Lengths | null
  readonly use_causal_mask: boolean
  readonly sliding_window: number | null
}

function shapesMisfit(config: AttentionShapes, inputShapes: readonly (readonly number[])[]): string | null {
  const [query, value, key] = roles(inputShapes)
  if (query.length < 2) return 'sequences of features: samples with two axes'
  if (inputShapes.some(({ length }) => length !== query.length)) return 'inputs with the same number of axes'
  const steps = (shape: readonly number[]) => shape.slice(0, -1)
  if (String(steps(value)) !== String(steps(key))) return 'a value and a key of the same number of steps'
  const axes = attentionAxes(config.attention_axes, query.length + 1)
  if (axes.some((at) => at < 1 || at >= query.length))
    return `samples that have the attention_axes ${JSON.stringify(config.attention_axes)} beside their features`
  const apart = steps(query).every((length, i) => axes.includes(i + 1) || length === value[i])
  if (!apart) return 'inputs of the same lengths along the axes that are not in attention_axes'
  const isLimited = config.use_causal_mask || config.sliding_window !== null
  return isLimited && query.length > 2
    ? 'sequences (samples with two axes) for use_causal_mask and sliding_window'
    : null
}
