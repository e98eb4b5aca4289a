/** The cell of SimpleRNN (Elman 1990): h' = act(x·kernel + h·recurrent_kernel + bias). */
import type { Real } from '../../../onnx/value.ts'
import { activate, type Cell, fusedBias, fusedWeight } from './cell.ts'

export const simpleRnnCell: Cell = {
  stateCount: 1,
  arrange: (_op, { kernel, recurrent_kernel, bias }) => ({
    kernel,
    bias,
    recurrent: [recurrent_kernel],
    recurrentBias: null,
  }),
  step: (op, { x, seen, weights }, { activation }) => {
    const [recurrent] = weights.recurrent as [Real]
    return [activate(op, op.Gemm(seen, recurrent, x, {}), activation)]
  },
  activations: ({ activation }) => [activation],
  fused: (op, x, { kernel, recurrent_kernel, bias }, { units }, { direction, names }) => {
    const [w, r, b] = [fusedWeight(op, kernel), fusedWeight(op, recurrent_kernel), fusedBias(op, bias, null)]
    const [sequence, h] = op.RNN(x, w, r, b, null, null, { hidden_size: units, direction, activations: names })
    return { sequence, states: [h] }
  },
}
