/**
 * The cell of GRU (Cho et al. 2014): h' = z·h + (1 - z)·act(candidate). With `reset_after` the reset gate applies to the
 * recurrent product, which has a bias of its own (cuDNN's form, Keras' default); without it to the state before the product.
 * Gates stand in the order z, r, candidate, in Keras and in ONNX.
 */
import type { Builder } from '../../../onnx/builder.ts'
import type { Real } from '../../../onnx/value.ts'
import type { ActivationName } from '../../activations.ts'
import {
  activate,
  type Cell,
  type CellConfig,
  fusedBias,
  fusedWeight,
  recurrentProduct,
  type Step,
  splitGates,
} from './cell.ts'

export interface GruConfig extends CellConfig {
  readonly recurrent_activation: ActivationName | null
  readonly reset_after: boolean
}

/** The biases of the input and of the recurrent product: rows 0 and 1 of [2, 3·units], or [3·units] and none. */
function biasesOf(op: Builder, bias: Real | null, { reset_after }: GruConfig): [Real | null, Real | null] {
  if (!bias || !reset_after) return [bias, null]
  const row = (at: number) =>
    op.Squeeze(op.Slice(bias, op.ints([at]), op.ints([at + 1]), op.ints([0]), null), op.ints([0]))
  return [row(0), row(1)]
}

const cut = (op: Builder, x: Real, first: number, second: number) =>
  op.Split(x, op.ints([first, second]), { axis: 1 }) as [Real, Real]

/** [z, r, the candidate before its activation]. */
function gatesAfter(op: Builder, step: Step, { units, recurrent_activation }: GruConfig): Real[] {
  const product = recurrentProduct(op, step, step.weights.recurrentBias, units)
  const [xz, xr, xCandidate] = splitGates(op, step.x, 3, units) as [Real, Real, Real]
  const [hz, hr, hCandidate] = splitGates(op, product, 3, units) as [Real, Real, Real]
  const z = activate(op, op.Add(xz, hz), recurrent_activation)
  const r = activate(op, op.Add(xr, hr), recurrent_activation)
  return [z, op.Add(xCandidate, op.Mul(r, hCandidate))]
}

function gatesBefore(op: Builder, step: Step, { units, recurrent_activation }: GruConfig): Real[] {
  const { seen, weights } = step
  const [xGates, xCandidate] = cut(op, step.x, 2 * units, units)
  // the last kernel is the candidate's, and so are the last draws where each gate has its own
  const [ofCandidate, candidateKernel] = [seen.at(-1), weights.recurrent.at(-1)] as [Real, Real]
  const ofGates = { ...step, seen: seen.length === 1 ? seen : seen.slice(0, -1) }
  const gates = splitGates(op, recurrentProduct(op, ofGates, xGates, units), 2, units)
  const [z, r] = gates.map((gate) => activate(op, gate, recurrent_activation)) as [Real, Real]
  return [z, op.Gemm(op.Mul(r, ofCandidate), candidateKernel, xCandidate, {})]
}

export const gruCell: Cell<GruConfig> = {
  stateCount: 1,
  gates: 3,
  gatesDropApart: true,
  arrange: (op, { kernel, recurrent_kernel, bias }, config) => {
    const [inputBias, recurrentBias] = biasesOf(op, bias, config)
    const recurrent = config.reset_after
      ? [recurrent_kernel]
      : cut(op, recurrent_kernel, 2 * config.units, config.units)
    return { kernel, bias: inputBias, recurrent, recurrentBias }
  },
  step: (op, step, config) => {
    const [h] = step.states as [Real]
    const [z, before] = (config.reset_after ? gatesAfter : gatesBefore)(op, step, config) as [Real, Real]
    const candidate = activate(op, before, config.activation)
    return [op.Add(candidate, op.Mul(z, op.Sub(h, candidate)))]
  },
  activations: ({ activation, recurrent_activation }) => [recurrent_activation, activation],
  fused: (op, x, { kernel, recurrent_kernel, bias }, config, { direction, names, initial: [h0 = null] }) => {
    const [w, r] = [fusedWeight(op, kernel), fusedWeight(op, recurrent_kernel)]
    const b = fusedBias(op, ...biasesOf(op, bias, config))
    const [sequence, h] = op.GRU(x, w, r, b, null, h0, {
      hidden_size: config.units,
      direction,
      activations: names,
      linear_before_reset: config.reset_after ? 1 : 0,
    })
    return { sequence, states: [h] }
  },
}
