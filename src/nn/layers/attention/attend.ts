/** Attention of several heads between projected queries, keys and values, over one axis or several. */
import type { Builder } from '../../../onnx/builder.ts'
import type { Real } from '../../../onnx/value.ts'
import type { Given } from '../../named.ts'
import type { LayerContext } from '../layer.ts'
import { purposeOf } from '../regularization/normal.ts'
import { attentionMask, maskedSoftmax } from './masked-softmax.ts'

interface AttendConfig {
  readonly dropout: number
  readonly seed: number | null
  readonly sliding_window: number | null
  readonly use_causal_mask: boolean
  readonly return_attention_scores: boolean
}

/** [batch, …, features]·[features, heads, dim] + bias → [batch, …, heads, dim]. */
export function project(op: Builder, x: Real, kernel: Real, bias: Real | null): Real {
  const [features = 1, heads = 1, dim = 1] = kernel.shape.map(Number)
  const y = op.MatMul(x, op.Reshape(kernel, op.ints([features, heads * dim])))
  const kept = x.shape.slice(0, -1).map(() => 0)
  const parted = op.Reshape(y, op.ints([...kept, heads, dim]))
  return bias ? op.Add(parted, bias) : parted
}

/** [batch, …, heads, dim]·[heads, dim, …units] + bias → [batch, …, …units]. */
export function merge(op: Builder, x: Real, kernel: Real, bias: Real | null): Real {
  const [heads = 1, dim = 1, ...units] = kernel.shape.map(Number)
  const kept = x.shape.slice(0, -2).map(() => 0)
  const width = units.reduce((product, length) => product * length, 1)
  const together = op.Reshape(x, op.ints([...kept, heads * dim]))
  const y = op.MatMul(together, op.Reshape(kernel, op.ints([heads * dim, width])))
  const parted = units.length === 1 ? y : op.Reshape(y, op.ints([...kept, ...units]))
  return bias ? op.Add(parted, bias) : parted
}

export interface Projected {
  /** [batch, …, heads, dim] each. */
  readonly query: Real
  readonly key: Real
  readonly value: Real
  /** The axes of [batch, …] along which steps see each other; the others are taken apart as the batch is. */
  readonly axes: readonly number[]
}

/** What the heads give, [batch, …, heads, dim of value], and what each step takes from each, [batch, …, heads, …to, …from]. */
export function attend(
  op: Builder,
  { query, key, value, axes }: Projected,
  config: AttendConfig,
  context: LayerContext,
): { heads: Real; scores: Real } {
  const rank = query.shape.length
  const dim = Number(query.shape.at(-1))
  const apart = query.shape.slice(1, -2).flatMap((_, i) => (axes.includes(i + 1) ? [] : [i + 1]))
  const front = [0, ...apart, rank - 2]
  const lengths = (x: Real, of: readonly number[]) => of.map((axis) => Number(x.shape[axis]))
  /** One axis of steps in place of several. */
  const joined = (x: Real, perm: readonly number[], last: readonly number[]) => {
    const turned = op.Transpose(x, { perm })
    return axes.length === 1 ? turned : op.Reshape(turned, op.ints([...front.map(() => 0), ...last]))
  }
  const scaled = op.Mul(query, op.scalar(1 / Math.sqrt(dim), query))
  const q = joined(scaled, [...front, ...axes, rank - 1], [-1, dim])
  const k = joined(key, [...front, rank - 1, ...axes], [dim, -1])
  const v = joined(value, [...front, ...axes, rank - 1], [-1, Number(value.shape.at(-1))])
  const products = op.MatMul(q, k)
  const seen = maskedSoftmax(op, products, attentionMask(op, products, maskSources(context, config)))
  const given = op.MatMul(dropped(op, seen, config, context), v)
  const parted = (x: Real, last: readonly number[]) =>
    axes.length === 1 ? x : op.Reshape(x, op.ints([...front.map(() => 0), ...last]))
  const order = [...front, ...axes, rank - 1]
  const back = order.map((_, axis) => order.indexOf(axis))
  const to = lengths(query, axes)
  return {
    heads: op.Transpose(parted(given, [...to, Number(value.shape.at(-1))]), { perm: back }),
    scores: parted(seen, [...to, ...lengths(key, axes)]),
  }
}

function maskSources({ inputs, masks }: LayerContext, { use_causal_mask, sliding_window }: AttendConfig) {
  // a mask is of steps of a sequence: where samples have more axes, it says nothing
  const given = inputs.every(({ shape }) => shape.length === 3) ? masks : []
  return {
    query: given[0] ?? null,
    // one input attends to itself, and Keras gives its mask to query and value alike
    seen: inputs.length === 1 ? given : given.slice(1),
    causal: use_causal_mask,
    window: sliding_window,
  }
}

/** Scores of which a part is 0 while training. */
export function dropped(
  op: Builder,
  scores: Real,
  { dropout, seed }: Pick<AttendConfig, 'dropout' | 'seed'>,
  { training, uniform, layerName }: Pick<LayerContext, 'training' | 'uniform' | 'layerName'>,
): Real {
  if (!training || dropout === 0) return scores
  const draws = uniform(scores, purposeOf(seed, layerName))
  const kept = op.Cast(op.GreaterOrEqual(draws, op.scalar(dropout, draws)), { to: scores.type })
  return op.Mul(scores, op.Mul(kept, op.scalar(1 / (1 - dropout), kept)))
}

interface ProjectionWeights {
  readonly query_kernel: Real
  readonly query_bias: Real | null
  readonly key_kernel: Real
  readonly key_bias: Real | null
  readonly gate_kernel: Real | null
  readonly gate_bias: Real | null
  readonly value_kernel: Real
  readonly value_bias: Real | null
  readonly output_kernel: Real
  readonly output_bias: Real | null
}

interface HeadConfig extends AttendConfig {
  readonly activity_regularizer: Given | null
}

export interface HeadInputs {
  readonly inputs: readonly [query: Real, value: Real, key: Real]
  readonly axes: readonly number[]
  /** How often each head of key and value is taken. */
  readonly repeats?: number
}

/** The whole of it, with its affine maps: the output, and the scores where they are asked for. */
export function attendWithHeads(
  op: Builder,
  { inputs: [query, value, key], axes, repeats = 1 }: HeadInputs,
  weights: ProjectionWeights,
  config: HeadConfig,
  context: LayerContext,
): readonly Real[] {
  const q = project(op, query, weights.query_kernel, weights.query_bias)
  const k = project(op, key, weights.key_kernel, weights.key_bias)
  const v = project(op, value, weights.value_kernel, weights.value_bias)
  const gate = weights.gate_kernel && op.Sigmoid(project(op, query, weights.gate_kernel, weights.gate_bias))
  const { activity_regularizer: regularizer } = config
  // Keras hands it on to each of the maps; that of the output is what the layer gives
  if (regularizer !== null) for (const x of [q, k, v, gate]) if (x) context.penalize(x, regularizer)
  const projected = { query: q, key: repeated(op, k, repeats), value: repeated(op, v, repeats), axes }
  const { heads, scores } = attend(op, projected, config, context)
  const y = merge(op, gate ? op.Mul(heads, gate) : heads, weights.output_kernel, weights.output_bias)
  return config.return_attention_scores ? [y, scores] : [y]
}

/** [batch, steps, heads, dim] with each head several times, one after the other. */
function repeated(op: Builder, x: Real, times: number): Real {
  if (times === 1) return x
  const [heads = 1, dim = 1] = x.shape.slice(-2).map(Number)
  const tiled = op.Tile(op.Unsqueeze(x, op.ints([3])), op.ints([1, 1, 1, times, 1]))
  return op.Reshape(tiled, op.ints([0, 0, heads * times, dim]))
}
