/**
 * Recurrent layers with the operators of TensorFlow.js. Its own classes have no `reset_after`, drop otherwise than
 * Keras 3, and give other outputs at masked steps in `Bidirectional`.
 */
import type * as Tf from '@tensorflow/tfjs'
import type { ActivationName } from '../../nn/activations.ts'
import type { LayerConfig } from '../../nn/layers/layer.ts'
import type { RecurrentConfig } from '../../nn/layers/recurrent/recurrent-layer.ts'
import { asInside } from '../../nn/layers/recurrent/wrapped-layer.ts'
import { activate } from '../activations.ts'
import type { TensorFlow } from '../backend.ts'
import { type EngineLayer, formula, type LayerCall, type Mask } from './layer.ts'
import { keptOf } from './noise.ts'

type CellConfig = RecurrentConfig & {
  readonly recurrent_activation?: ActivationName | null
  readonly reset_after?: boolean
}

interface Step {
  readonly tf: TensorFlow
  /** x·kernel + bias, [batch, gates·units]. */
  readonly x: Tf.Tensor
  readonly states: readonly Tf.Tensor[]
  /** The state as the product with the recurrent kernel of a gate sees it: with dropout. */
  readonly seen: (gate: number) => Tf.Tensor
  /** The recurrent kernel of each gate. */
  readonly kernels: readonly Tf.Tensor[]
  /** What is seen of the state times the recurrent kernel, and the bias of that product where it has one: as x. */
  readonly product: Tf.Tensor
  readonly config: CellConfig
}

interface Cell {
  readonly states: number
  readonly gates: number
  step(step: Step): Tf.Tensor[]
}

const cells: Readonly<Record<string, Cell>> = {
  SimpleRNN: {
    states: 1,
    gates: 1,
    step: ({ tf, x, product, config }) => [activate(tf, config.activation, tf.add(x, product))],
  },
  /** c' = f·c + i·g, h' = o·act(c'); gates i, f, g, o. */
  LSTM: {
    states: 2,
    gates: 4,
    step: ({ tf, x, product, config, states }) => {
      const [i, f, g, o] = tf.split(tf.add(x, product), 4, -1) as [Tf.Tensor, Tf.Tensor, Tf.Tensor, Tf.Tensor]
      const gate = (before: Tf.Tensor) => activate(tf, config.recurrent_activation ?? null, before)
      const candidate = activate(tf, config.activation, g)
      const c = tf.add(tf.mul(gate(f), states[1] as Tf.Tensor), tf.mul(gate(i), candidate))
      return [tf.mul(gate(o), activate(tf, config.activation, c)), c]
    },
  },
  /** h' = z·h + (1 - z)·candidate; gates z, r, candidate. */
  GRU: {
    states: 1,
    gates: 3,
    step: ({ tf, x, product, config, states, seen, kernels }) => {
      const parts = (all: Tf.Tensor) => tf.split(all, 3, -1) as [Tf.Tensor, Tf.Tensor, Tf.Tensor]
      const [inputs, products] = [parts(x), parts(product)]
      const gate = (at: 0 | 1) => activate(tf, config.recurrent_activation ?? null, tf.add(inputs[at], products[at]))
      const [z, r] = [gate(0), gate(1)]
      const reset = config.reset_after ? tf.mul(r, products[2]) : tf.matMul(tf.mul(r, seen(2)), kernels[2] as Tf.Tensor)
      const candidate = activate(tf, config.activation, tf.add(inputs[2], reset))
      return [tf.add(tf.mul(z, states[0] as Tf.Tensor), tf.mul(tf.sub(1, z), candidate))]
    },
  },
}

interface Run {
  readonly mask: Mask
  readonly initial: readonly Tf.Tensor[]
  /** In front of the names of the weights: `forward_`. */
  readonly prefix: string
  readonly purpose: string
  /** Whether the outputs of a layer that goes backwards are in the order of time. */
  readonly inTime: boolean
}

interface Result {
  /** [batch, time, units] with `return_sequences`, else [batch, units]. */
  readonly output: Tf.Tensor
  readonly states: readonly Tf.Tensor[]
}

function cellOf({ type }: LayerConfig): Cell {
  const cell = cells[type]
  if (!cell) throw new Error(`no recurrent layer is named ${type}`)
  return cell
}

/** Runs over x [batch, time, features]; where a step is masked the states stay, and the output with them, or it is zero. */
function runRecurrent(given: LayerCall, config: CellConfig, run: Run): Result {
  const { tf, x } = given
  const cell = cellOf(config)
  const [batch = 1, time = 0] = x.shape
  const weight = (name: string) => given.weights[`${run.prefix}${name}`] ?? null
  const drops = dropsOf(given, config, run)
  const [inputBias, recurrentBias] = biasesOf(tf, weight('bias'))
  const inputKept = drops('input', [batch, x.shape[2] ?? 1])
  const projected = project(tf, x, weight('kernel') as Tf.Tensor, inputBias ?? null, inputKept)
  const kept = drops('state', [batch, config.units])
  const ofState = recurrentProducts(
    tf,
    weight('recurrent_kernel') as Tf.Tensor,
    recurrentBias ?? null,
    cell.gates,
    kept,
  )
  const [inputs, real] = [stepsOf(tf, projected), run.mask && stepsOf(tf, tf.expandDims(run.mask, -1))]
  const outputs: Tf.Tensor[] = []
  let states: readonly Tf.Tensor[] =
    run.initial.length > 0 ? run.initial : Array.from({ length: cell.states }, () => tf.zeros([batch, config.units]))
  for (let i = 0; i < time; i++) {
    const t = config.go_backwards ? time - 1 - i : i
    const [before, isReal] = [states, real?.[t]]
    const next = cell.step({
      tf,
      x: inputs[t] as Tf.Tensor,
      states: before,
      ...ofState(before[0] as Tf.Tensor),
      config,
    })
    states = isReal ? next.map((state, k) => tf.where(isReal, state, before[k] as Tf.Tensor)) : next
    const output = states[0] as Tf.Tensor
    outputs.push(isReal && config.zero_output_for_mask ? tf.where(isReal, output, tf.zerosLike(output)) : output)
  }
  if (!config.return_sequences) return { output: outputs.at(-1) as Tf.Tensor, states }
  if (config.go_backwards && run.inTime) outputs.reverse()
  return { output: tf.stack(outputs, 1), states }
}

/** What a step does with the state h; `kept` holds nothing, one mask for all gates, or one for each. */
function recurrentProducts(
  tf: TensorFlow,
  kernel: Tf.Tensor,
  bias: Tf.Tensor | null,
  gates: number,
  kept: readonly Tf.Tensor[],
): (h: Tf.Tensor) => Pick<Step, 'seen' | 'kernels' | 'product'> {
  const kernels = splitGates(tf, kernel, gates)
  return (h) => {
    const seen = (gate: number) => (kept.length === 0 ? h : tf.mul(h, (kept[gate] ?? kept[0]) as Tf.Tensor))
    const apart = () => kernels.map((own, gate) => tf.matMul(seen(gate), own))
    const product = kept.length > 1 ? tf.concat(apart(), -1) : tf.matMul(seen(0), kernel)
    return { seen, kernels, product: bias ? tf.add(product, bias) : product }
  }
}

/** The blocks of columns of the gates. TensorFlow.js has no gradient of a split into one part, nor of `unstack` into one. */
function splitGates(tf: TensorFlow, x: Tf.Tensor, gates: number): Tf.Tensor[] {
  return gates === 1 ? [x] : tf.split(x, gates, -1)
}

/** [batch, time, …] → time times [batch, …]. */
function stepsOf(tf: TensorFlow, x: Tf.Tensor): Tf.Tensor[] {
  const [batch = 1, time = 1, ...rest] = x.shape
  return time === 1 ? [tf.reshape(x, [batch, ...rest])] : tf.unstack(x, 1)
}

/** The biases of the input's and of the recurrent product: rows 0 and 1 with `reset_after`. */
function biasesOf(tf: TensorFlow, bias: Tf.Tensor | null): readonly (Tf.Tensor | null)[] {
  return bias && bias.rank > 1 ? tf.unstack(bias) : [bias, null]
}

/** x·kernel + bias of all steps at once; with a mask of the inputs for each gate, gate by gate. */
function project(
  tf: TensorFlow,
  x: Tf.Tensor,
  kernel: Tf.Tensor,
  bias: Tf.Tensor | null,
  kept: readonly Tf.Tensor[],
): Tf.Tensor {
  const [batch = 1, time = 1, features = 1] = x.shape
  const product = (mask: Tf.Tensor | undefined, w: Tf.Tensor) => {
    const seen = mask ? tf.mul(x, tf.expandDims(mask, 1)) : x
    return tf.reshape(tf.matMul(tf.reshape(seen, [batch * time, features]), w), [batch, time, w.shape[1] ?? 1])
  }
  const kernels = kept.length > 1 ? splitGates(tf, kernel, kept.length) : [kernel]
  const products = kernels.map((w, gate) => product(kept[gate], w))
  const all = products.length === 1 ? (products[0] as Tf.Tensor) : tf.concat(products, -1)
  return bias ? tf.add(all, bias) : all
}

/** What inputs and states are multiplied with, as src/nn/layers/recurrent/recurrent-dropout.ts draws it. */
function dropsOf({ tf, uniform }: LayerCall, config: CellConfig, run: Run) {
  const { type, dropout, recurrent_dropout, seed } = config
  const purpose = seed === null ? run.purpose : `seed ${seed}`
  const isSimple = type === 'SimpleRNN'
  return (what: 'input' | 'state', shape: readonly number[]): Tf.Tensor[] => {
    const rate = what === 'input' ? dropout : recurrent_dropout
    if (rate === 0 || (rate === 1 && !isSimple)) return []
    const apart = Array.from({ length: cellOf(config).gates }, (_, gate) => `${what} ${gate}`)
    const names = !isSimple && recurrent_dropout > 0 ? apart : [what]
    return names.map((name) => keptOf(tf, uniform(shape, `${purpose} ${name}`), rate))
  }
}

/** Keras gives a layer with initial states no mask. */
const maskOf = ({ inputs, masks }: LayerCall): Mask => (inputs.length === 1 ? (masks[0] ?? null) : null)

const recurrentTakes = [
  ...['units', 'activation', 'use_bias', 'dropout', 'recurrent_dropout', 'seed', 'return_sequences', 'return_state'],
  ...['go_backwards', 'zero_output_for_mask', 'unroll', 'stateful', 'recurrent_activation', 'unit_forget_bias'],
  'reset_after',
]

const recurrent = formula<CellConfig>({
  takes: recurrentTakes,
  mask: ({ masks: [mask = null] }, { return_sequences }) => (return_sequences ? mask : null),
  call: (given, config) => {
    const run = { mask: maskOf(given), initial: given.inputs.slice(1), prefix: '', purpose: given.layerName }
    const { output, states } = runRecurrent(given, config, { ...run, inTime: false })
    return config.return_state ? [output, ...states] : output
  },
})

type BidirectionalConfig = LayerConfig & {
  readonly layer: CellConfig
  readonly backward_layer: CellConfig | null
  readonly merge_mode: 'concat' | 'sum' | 'mul' | 'ave' | null
}

const merges = {
  concat: (tf: TensorFlow, a: Tf.Tensor, b: Tf.Tensor) => tf.concat([a, b], -1),
  sum: (tf: TensorFlow, a: Tf.Tensor, b: Tf.Tensor) => tf.add(a, b),
  mul: (tf: TensorFlow, a: Tf.Tensor, b: Tf.Tensor) => tf.mul(a, b),
  ave: (tf: TensorFlow, a: Tf.Tensor, b: Tf.Tensor) => tf.div(tf.add(a, b), 2),
}

const Bidirectional = formula<BidirectionalConfig>({
  takes: ['layer', 'backward_layer', 'merge_mode'],
  mask: ({ masks: [mask = null] }, { layer, merge_mode }) => {
    const after = layer.return_sequences ? mask : null
    return merge_mode === null ? [after, after] : after
  },
  call: (given, config) => {
    const { tf, inputs, layerName } = given
    const { layer, backward_layer, merge_mode } = config
    const states = inputs.slice(1)
    const ofForward = states.slice(0, cellOf(layer).states)
    const direction = (own: CellConfig, name: string, initial: readonly Tf.Tensor[]) => {
      const inside = { ...asInside(own, config), zero_output_for_mask: layer.return_sequences }
      const run = { mask: maskOf(given), initial, prefix: `${name}_`, purpose: `${layerName} ${name}`, inTime: true }
      const result = runRecurrent(given, inside, run)
      if (own.activity_regularizer) {
        const activities = [result.output, ...(own.return_state ? result.states : [])]
        for (const activity of activities) given.penalize(activity, own.activity_regularizer)
      }
      return result
    }
    const forward = direction(layer, 'forward', ofForward)
    const other = backward_layer ?? { ...layer, go_backwards: !layer.go_backwards }
    const backward = direction(other, 'backward', states.slice(ofForward.length))
    const both = [forward.output, backward.output] as const
    const merged = merge_mode === null ? both : [merges[merge_mode](tf, ...both)]
    const turned = layer.return_sequences && layer.go_backwards ? merged.map((y) => tf.reverse(y, 1)) : merged
    return layer.return_state ? [...turned, ...forward.states, ...backward.states] : [...turned]
  },
})

export const recurrentLayers: Readonly<Record<string, EngineLayer>> = {
  SimpleRNN: recurrent,
  LSTM: recurrent,
  GRU: recurrent,
  Bidirectional,
}
