/** The cell of SimpleRNN (Elman 1990): h' = act(x·kernel + h·recurrent_kernel + bias). */
import { activate, type Cell, fusedBias, fusedWeight, recurrentProduct } from './cell.ts'

export const simpleRnnCell: Cell = {
  stateCount: 1,
  gates: 1,
  gatesDropApart: false,
  arrange: (_op, { kernel, recurrent_kernel, bias }) => ({
    kernel,
    bias,
    recurrent: [recurrent_kernel],
    recurrentBias: null,
  }),
  step: (op, step, { units, activation }) => [activate(op, recurrentProduct(op, step, step.x, units), activation)],
  activations: ({ activation }) => [activation],
  fused: (op, x, { kernel, recurrent_kernel, bias }, { units }, { direction, names, initial: [h0 = null] }) => {
    const [w, r, b] = [fusedWeight(op, kernel), fusedWeight(op, recurrent_kernel), fusedBias(op, bias, null)]
    const [sequence, h] = op.RNN(x, w, r, b, null, h0, { hidden_size: units, direction, activations: names })
    return { sequence, states: [h] }
  },
}
