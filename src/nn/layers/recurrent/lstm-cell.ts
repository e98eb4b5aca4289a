/**
 * The cell of LSTM (Hochreiter & Schmidhuber 1997, with a forget gate): c' = f·c + i·g, h' = o·act(c').
 * Weights hold the gates as Keras does, i, f, g, o; inside they are i, f, o, g, so that one Sigmoid serves three.
 */
import type { ActivationName } from '../../activations.ts'
import {
  activate,
  activateGates,
  type Cell,
  type CellConfig,
  fusedBias,
  fusedWeight,
  recurrentProduct,
  reorderGates,
} from './cell.ts'

export interface LstmConfig extends CellConfig {
  readonly recurrent_activation: ActivationName | null
}

export const lstmCell: Cell<LstmConfig> = {
  stateCount: 2,
  gates: 4,
  gatesDropApart: true,
  arrange: (op, { kernel, recurrent_kernel, bias }, { units }) => {
    const inside = [0, 1, 3, 2]
    return {
      kernel: reorderGates(op, kernel, inside, units),
      bias: reorderGates(op, bias, inside, units),
      recurrent: [reorderGates(op, recurrent_kernel, inside, units)],
      recurrentBias: null,
    }
  },
  step: (op, step, { units, activation, recurrent_activation }) => {
    const [, c] = step.states
    if (!c) throw new Error('an LSTM has two states')
    const z = recurrentProduct(op, step, step.x, units)
    const [gates, candidate] = op.Split(z, op.ints([3 * units, units]), { axis: 1 })
    const [i, f, o] = activateGates(op, gates as typeof z, 3, units, recurrent_activation) as [
      typeof z,
      typeof z,
      typeof z,
    ]
    const next = op.Add(op.Mul(f, c), op.Mul(i, activate(op, candidate as typeof z, activation)))
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
