/** Bidirectional: a recurrent layer over the sequence from its start and, with weights of its own, from its end. */
import { Type } from 'typebox'
import type { Builder } from '../../../onnx/builder.ts'
import type { Real } from '../../../onnx/value.ts'
import { defineLayer, type LayerConfig, layerConfig, type WeightDeclaration } from '../layer.ts'
import type { CellWeights } from './cell.ts'
import { gru } from './gru.ts'
import { lstm } from './lstm.ts'
import {
  callRecurrent,
  declareRecurrent,
  type Recurrent,
  type RecurrentConfig,
  recurrentMisfit,
  swapTime,
} from './recurrent-layer.ts'
import type { RecurrentResult } from './run-recurrent.ts'
import { simpleRnn } from './simple-rnn.ts'

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

/** The layer of each direction. */
function layersOf({ layer, backward_layer }: Config): readonly [RecurrentConfig, RecurrentConfig] {
  return [layer, backward_layer ?? { ...layer, go_backwards: !layer.go_backwards }]
}

/** What does not fit about a backward layer of the caller's own. */
function backwardMisfit({ layer, backward_layer }: Config): string | null {
  if (!backward_layer) return null
  if (backward_layer.go_backwards === layer.go_backwards)
    return 'a backward_layer whose go_backwards is not that of layer'
  const same = (['return_sequences', 'return_state'] as const).every((name) => layer[name] === backward_layer[name])
  return same ? null : 'a backward_layer with the return_sequences and return_state of layer'
}

/**
 * Shapes: as the layer's, with the last axis twice as long where `merge_mode` is `concat`; null gives both outputs. With
 * `return_state` the states of the forward and then of the backward layer follow. The backward outputs are in the order of
 * time. Weights: `forward_…` and `backward_…`, as the layer's.
 * @throws {Problem} shape_mismatch where samples have not two axes, or the two layers do not fit together
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
  misfit: (config, inputShape) => {
    const [forward, backward] = layersOf(config)
    const own = [forward, backward].map((layer) => recurrentMisfit(kindOf(layer), layer, inputShape))
    return own.find((reason) => reason !== null) ?? backwardMisfit(config)
  },
  weights: (config, inputShape) =>
    Object.fromEntries(
      layersOf(config).flatMap((layer, i) =>
        Object.entries(declareRecurrent(kindOf(layer), layer, inputShape.at(-1) ?? 1)).map(([short, weight]) => [
          `${directions[i]}_${short}`,
          weight,
        ]),
      ),
    ),
  mask: (_op, _inputs, masks, { layer }) => (layer.return_sequences ? (masks[0] ?? null) : null),
  call: (op, x, weights, config, context) => {
    const inTime = swapTime(op, x)
    const [forward, backward] = layersOf(config).map((layer, i) => {
      const direction = directions[i]
      const own = (short: string) => weights[`${direction}_${short}`] ?? null
      const cellWeights = { kernel: own('kernel'), recurrent_kernel: own('recurrent_kernel'), bias: own('bias') }
      const run = { order: 'time', purpose: `${context.layerName} ${direction}` } as const
      return callRecurrent(op, kindOf(layer), inTime, cellWeights as CellWeights, layer, context, run)
    }) as [RecurrentResult, RecurrentResult]
    const outputs = mergeOutputs(op, forward, backward, config.merge_mode)
    return config.layer.return_state ? [...outputs, ...forward.states, ...backward.states] : outputs
  },
})

function mergeOutputs(op: Builder, forward: RecurrentResult, backward: RecurrentResult, mode: Merge | null): Real[] {
  const { sequence } = forward
  const output = ({ sequence, states }: RecurrentResult) => sequence ?? (states[0] as Real)
  const inBatch = (y: Real) => (sequence ? swapTime(op, y) : y)
  if (mode === null) return [inBatch(output(forward)), inBatch(output(backward))]
  return [inBatch(merges[mode](op, output(forward), output(backward)))]
}
