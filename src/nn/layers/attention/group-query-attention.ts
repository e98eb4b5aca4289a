/** GroupQueryAttention: several heads of the query share a head of key and value. */
import { PositiveInteger } from '../../strict.ts'
import { defineLayer, layerConfig } from '../layer.ts'
import { headArguments, projectionWeights, roles } from './arguments.ts'
import { attendWithHeads } from './attend.ts'

/**
 * MultiHeadAttention with num_query_heads heads of the query and num_key_value_heads of key and value, each of which serves as
 * many heads of the query. Inputs: query [batch, time, features], value [batch, source, …], key [batch, source, …]; one input
 * attends to itself. Shapes: → [batch, time, the query's features].
 * @throws {Problem} shape_mismatch where the inputs are no sequences, or the heads do not divide
 * @see Ainslie et al. 2023, https://keras.io/api/layers/attention_layers/group_query_attention/
 */
export const GroupQueryAttention = defineLayer({
  config: layerConfig(
    'GroupQueryAttention',
    {
      head_dim: PositiveInteger,
      num_query_heads: PositiveInteger,
      num_key_value_heads: PositiveInteger,
      ...headArguments,
    },
    'Attention of several heads, where heads of the query share heads of key and value',
  ),
  arity: { least: 1, most: 3 },
  misfit: ({ num_query_heads, num_key_value_heads }, _shape, { inputShapes }) => {
    if (num_query_heads % num_key_value_heads !== 0)
      return `num_query_heads (${num_query_heads}) that num_key_value_heads (${num_key_value_heads}) divides`
    if (inputShapes.some(({ length }) => length !== 2)) return 'sequences of features: samples with two axes'
    const [, value, key] = roles(inputShapes)
    return value[0] === key[0] ? null : 'a value and a key of the same number of steps'
  },
  weights: (config, _shape, { inputShapes }) => {
    const [query = 1, value = 1, key = 1] = roles(inputShapes.map((shape) => shape.at(-1)))
    const { num_query_heads, num_key_value_heads, head_dim } = config
    return projectionWeights(config, {
      features: [query, value, key],
      query: [num_query_heads, head_dim],
      key: [num_key_value_heads, head_dim],
      value: [num_key_value_heads, head_dim],
      output: [query],
    })
  },
  mask: 'passes',
  call: (op, _x, weights, config, context) => {
    const repeats = config.num_query_heads / config.num_key_value_heads
    const given = { inputs: roles(context.inputs), axes: [1], repeats }
    const [y, ...scores] = attendWithHeads(op, given, weights, config, context)
    if (!y) throw new Error('attention gave nothing')
    // Keras counts the activity of the last map and that of the layer
    if (config.activity_regularizer !== null) context.penalize(y, config.activity_regularizer)
    return [y, ...scores]
  },
})
