/**
 * The cell of LSTM (Hochreiter & Schmidhuber 1997, with a forget gate): c' = f·c + i·g, h' = o·act(c').
 * Gates stand in the order i, f, g, o, as in Keras. Each has an activation of its own: one Sigmoid over three of them has to
 * cut twice, before and after itself, and was slower.
 */
import type { Real } from '../../../onnx/value.ts'
import type { ActivationName } from '../../activations.ts'
import {
  activate,
  type Cell,
  type CellConfig,
  fusedBias,
  fusedWeight,
  recurrentProduct,
  reorderGates,
  splitGates,
} from './cell.ts'

export interface LstmConfig extends CellConfig {
  readonly recurrent_activation: ActivationName | null
}

export const lstmCell: Cell<LstmConfig> = {
  stateCount: 2,
  gates: 4,
  gatesDropApart: true,
  arrange: (_op, { kernel, recurrent_kernel, bias }) => ({
    kernel,
    bias,
    recurrent: [recurrent_kernel],
    recurrentBias: null,
  }),
  step: (op, step, { units, activation, recurrent_activation }) => {
    const [, c] = step.states
    if (!c) throw new Error('an LSTM has two states')
    const gates = splitGates(op, recurrentProduct(op, step, step.x, units), 4, units)
    const names = [recurrent_activation, recurrent_activation, activation, recurrent_activation]
    const [i, f, g, o] = gates.map((gate, at) => activate(op, gate, names[at] ?? null)) as [Real, Real, Real, Real]
    const next = op.Add(op.Mul(f, c), op.Mul(i, g))
    return [op.Mul(o, activate(op, next, activation)), next]
  },
  activations: ({ activation, recurrent_activation }) => [recurrent_activation, activation, activation],
  fused: (
    op,
    x,
    { kernel, recurrent_kernel, bias },
    { units },
    { direction, names, initial: [h0 = null, c0 = null] },
  ) => {
    const onnx = [0, 3, 1, 2] // i, o, f, g
    const w = fusedWeight(op, reorderGates(op, kernel, onnx, units))
    const r = fusedWeight(op, reorderGates(op, recurrent_kernel, onnx, units))
    const b = fusedBias(op, reorderGates(op, bias, onnx, units), null)
    const attributes = { hidden_size: units, direction, activations: names }
    const [sequence, h, c] = op.LSTM(x, w, r, b, null, h0, c0, null, attributes)
    return { sequence, states: [h, c] }
  },
}
