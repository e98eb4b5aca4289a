/** Bidirectional: a recurrent layer over the sequence from its start and, with weights of its own, from its end. */
import { Type } from 'typebox'
import type { Builder } from '../../../onnx/builder.ts'
import type { Real } from '../../../onnx/value.ts'
import { defineLayer, type LayerConfig, type LayerContext, layerConfig, type WeightDeclaration } from '../layer.ts'
import type { CellWeights } from './cell.ts'
import { gru } from './gru.ts'
import { lstm } from './lstm.ts'
import {
  callRecurrent,
  declareRecurrent,
  type Recurrent,
  type RecurrentConfig,
  recurrentMisfit,
  stateSizes,
  statesMisfit,
  swapTime,
} from './recurrent-layer.ts'
import { type RecurrentResult, reverse } from './run-recurrent.ts'
import { simpleRnn } from './simple-rnn.ts'
import { asInside, declaredInside } from './wrapped-layer.ts'

/** The layers that have two directions. */
const kinds: Readonly<Record<string, unknown>> = { LSTM: lstm, GRU: gru, SimpleRNN: simpleRnn }

const kindOf = ({ type }: LayerConfig) => kinds[type] as Recurrent // the schema lets no other type through

const WrappedRecurrent = {
  type: 'object',
  required: ['type'],
  properties: { type: { enum: Object.keys(kinds) } },
} as const

type Merge = 'concat' | 'sum' | 'mul' | 'ave'

const merges: Readonly<Record<Merge, (op: Builder, forward: Real, backward: Real) => Real>> = {
  concat: (op, forward, backward) => op.Concat([forward, backward], { axis: -1 }),
  sum: (op, forward, backward) => op.Add(forward, backward),
  mul: (op, forward, backward) => op.Mul(forward, backward),
  ave: (op, forward, backward) => op.Mul(op.Add(forward, backward), op.scalar(0.5, forward)),
}

const directions = ['forward', 'backward'] as const

interface Config extends LayerConfig {
  readonly layer: RecurrentConfig
  readonly backward_layer: RecurrentConfig | null
  readonly merge_mode: Merge | null
}

/** The layer of each direction. Masked steps of a sequence give zeros, whatever the layers say, as in Keras. */
function layersOf(config: Config): readonly RecurrentConfig[] {
  const { layer, backward_layer } = config
  const backward = backward_layer ?? { ...layer, go_backwards: !layer.go_backwards }
  return [layer, backward].map((each) => ({
    ...asInside(each, config),
    zero_output_for_mask: layer.return_sequences,
  }))
}

/** The sizes of the states of both directions. */
const sizesOf = (config: Config) => layersOf(config).map((layer) => stateSizes(kindOf(layer), layer))

/** What does not fit about a backward layer of the caller's own. */
function backwardMisfit({ layer, backward_layer }: Config): string | null {
  if (!backward_layer) return null
  if (backward_layer.go_backwards === layer.go_backwards)
    return 'a backward_layer whose go_backwards is not that of layer'
  const same = (['return_sequences', 'return_state'] as const).every((name) => layer[name] === backward_layer[name])
  return same ? null : 'a backward_layer with the return_sequences and return_state of layer'
}

/** The direction `i` over the sequence `inTime`, [time, batch, features]. */
function callDirection(
  op: Builder,
  i: 0 | 1,
  inTime: Real,
  weights: Readonly<Record<string, Real | null>>,
  config: Config,
  context: LayerContext,
): RecurrentResult {
  const layer = layersOf(config)[i] as RecurrentConfig
  const own = (short: string) => weights[`${directions[i]}_${short}`] ?? null
  const cellWeights = { kernel: own('kernel'), recurrent_kernel: own('recurrent_kernel'), bias: own('bias') }
  const [ofForward = []] = sizesOf(config)
  const states = context.inputs.slice(1)
  const initial = i === 0 ? states.slice(0, ofForward.length) : states.slice(ofForward.length)
  const run = { order: 'time', purpose: `${context.layerName} ${directions[i]}`, initial } as const
  const result = callRecurrent(op, kindOf(layer), inTime, cellWeights as CellWeights, layer, context, run)
  const { activity_regularizer: regularizer } = layer
  if (regularizer !== null) {
    const output = result.sequence ? swapTime(op, result.sequence) : result.last // a penalty counts rows of a batch
    const all = layer.return_state ? [output, ...result.states] : [output]
    for (const activity of all) context.penalize(activity, regularizer)
  }
  return result
}

/**
 * Shapes: as the layer's, with the last axis twice as long where `merge_mode` is `concat`; null gives both outputs. With
 * `return_state` the states of the forward and then of the backward layer follow. Further inputs are the initial states of
 * the forward and then of the backward layer, all of them or none. The outputs are in the order of time, from its end where
 * `layer` goes backwards. Masked steps of a sequence give zeros. Weights: `forward_…` and `backward_…`, as the layer's.
 * @throws {Problem} shape_mismatch where samples have not two axes, or the two layers or the states do not fit
 * @see Schuster & Paliwal 1997, https://keras.io/api/layers/recurrent_layers/bidirectional/
 */
export const Bidirectional = defineLayer<Config, Readonly<Record<string, WeightDeclaration | null>>>({
  config: Type.Unsafe<Config>(
    layerConfig(
      'Bidirectional',
      {
        layer: Type.Unsafe<RecurrentConfig>(WrappedRecurrent),
        backward_layer: Type.Unsafe<RecurrentConfig | null>({
          anyOf: [WrappedRecurrent, { type: 'null' }],
          default: null,
        }),
        merge_mode: Type.Unsafe<Merge | null>({ enum: [...Object.keys(merges), null], default: 'concat' }),
      },
      'A recurrent layer in both directions',
    ),
  ),
  wraps: ['layer', 'backward_layer'],
  arity: { least: 1, most: 5 },
  misfit: (config, inputShape, { inputShapes }) => {
    const own = layersOf(config).map((layer) => recurrentMisfit(kindOf(layer), layer, inputShape))
    return (
      own.find((reason) => reason !== null) ??
      backwardMisfit(config) ??
      statesMisfit(sizesOf(config).flat(), inputShapes)
    )
  },
  weights: (config, inputShape) =>
    Object.fromEntries(
      layersOf(config).flatMap((layer, i) => {
        const declared = declaredInside(declareRecurrent(kindOf(layer), layer, inputShape.at(-1) ?? 1), layer)
        return Object.entries(declared).map(([short, weight]) => [`${directions[i]}_${short}`, weight])
      }),
    ),
  mask: (_op, _inputs, [mask = null], { layer, merge_mode }) => {
    const after = layer.return_sequences ? mask : null
    return merge_mode === null ? [after, after] : after
  },
  call: (op, x, weights, config, context) => {
    const inTime = swapTime(op, x)
    const forward = callDirection(op, 0, inTime, weights, config, context)
    const backward = callDirection(op, 1, inTime, weights, config, context)
    const outputs = mergeOutputs(op, forward, backward, config)
    return config.layer.return_state ? [...outputs, ...forward.states, ...backward.states] : outputs
  },
})

function mergeOutputs(
  op: Builder,
  forward: RecurrentResult,
  backward: RecurrentResult,
  { layer, merge_mode }: Config,
): Real[] {
  const output = ({ sequence, last }: RecurrentResult) => sequence ?? last
  const both = [output(forward), output(backward)] as const
  const merged = merge_mode === null ? both : [merges[merge_mode](op, ...both)]
  if (!forward.sequence) return [...merged]
  return merged.map((y) => swapTime(op, layer.go_backwards ? reverse(op, y, 0) : y))
}
