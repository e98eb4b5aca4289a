/** What leaves a training program: nothing more than it did where no step is masked. */
import { expect, test } from 'vitest'
import { parseDefinition } from '../../src/nn/definition.ts'
import { lossOf, resolveLoss } from '../../src/nn/losses/index.ts'
import { buildModel } from '../../src/nn/model.ts'
import { resolveOptimizer } from '../../src/nn/optimizers/index.ts'
import { fromBytes } from '../../src/onnx/codec.ts'
import { targetForm } from '../../src/training/model-graph.ts'
import { buildTrainingProgram } from '../../src/training/program.ts'

const ids = [
  { type: 'Input', shape: [4] },
  { type: 'Embedding', input_dim: 9, output_dim: 3, mask_zero: true },
]
const dense = { type: 'Dense', units: 3, activation: 'softmax', kernel_regularizer: 'l2' }

function programOf(layers: readonly object[], withPredictions: boolean) {
  const model = buildModel(parseDefinition({ layers }))
  const loss = resolveLoss('sparse_categorical_crossentropy')
  const target = targetForm(lossOf(loss).targetKind, model.outputs[0]?.shape ?? [])
  return buildTrainingProgram({ model, loss, target, optimizer: resolveOptimizer('sgd'), withPredictions })
}

test.each([
  ['no mask', [{ type: 'Input', shape: [4] }, dense]],
  ['a mask that ends before the output', [...ids, { type: 'LSTM', units: 3 }, dense]],
])('%s: the losses, and predictions for metrics', (_, layers) => {
  expect(programOf(layers, false).results).toEqual(['losses'])
  expect(programOf(layers, true).results).toEqual(['losses', 'predictions:0'])
})

test('a masked output: its losses, its mask and the penalties, too, and the program has an output for each', () => {
  const { bytes, results, state } = programOf([...ids, dense], true)
  expect(results).toEqual(['losses', 'losses:0', 'predictions:0', 'mask:0', 'penalties'])
  expect(fromBytes(bytes).graph.outputs).toHaveLength(state.length + results.length)
})
