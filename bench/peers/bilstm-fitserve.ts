/** The engine on Embedding → Bidirectional(LSTM) → Dense → Dense, as a peer of bilstm.ts. */

import { parseDefinition } from '../../src/nn/definition.ts'
import { lossOf, resolveLoss } from '../../src/nn/losses/index.ts'
import { buildModel } from '../../src/nn/model.ts'
import { resolveOptimizer } from '../../src/nn/optimizers/index.ts'
import { tensorOf } from '../../src/onnx/tensor.ts'
import { createRandom, deriveKey, permutation } from '../../src/random.ts'
import { openSession } from '../../src/runtime/session.ts'
import { startOf } from '../../src/training/fit.ts'
import { targetForm } from '../../src/training/model-graph.ts'
import { buildTrainingProgram } from '../../src/training/program.ts'
import { createTrainer } from '../../src/training/trainer.ts'
import { sequences, sizesOf } from '../sequences.ts'
import { learningRate, type Task } from '../task.ts'
import { servePeer, type Trainer } from './serve.ts'

/** Steps of one native run: about a third of a second. */
const stepsPerRun = 16

async function open(task: Task): Promise<Trainer> {
  const { vocabulary, features, units, hidden, length } = sizesOf(task)
  const definition = parseDefinition({
    layers: [
      { type: 'Input', shape: [length] },
      { type: 'Embedding', input_dim: vocabulary, output_dim: features },
      { type: 'Bidirectional', layer: { type: 'LSTM', units } },
      { type: 'Dense', units: hidden, activation: 'relu' },
      { type: 'Dense', units: 1, activation: 'sigmoid' },
    ],
  })
  const began = performance.now()
  const model = buildModel(definition)
  const loss = resolveLoss('binary_crossentropy')
  const adam = { name: 'adam', learning_rate: learningRate }
  const optimizer = resolveOptimizer(adam)
  const target = targetForm(lossOf(loss).targetKind, [1])
  const program = buildTrainingProgram({ model, loss, optimizer, target, withPredictions: false })
  const session = await openSession(program.bytes, { providers: ['cpu'], threads: task.threads })
  const opened = Math.round(performance.now() - began)
  const { ids, labels } = sequences(task)
  const data = {
    rows: task.samples,
    x: tensorOf('float32', Float32Array.from(ids), [task.samples, length]),
    y: tensorOf('float32', labels, [task.samples, 1]),
  }
  const trainer = createTrainer(session, { program, optimizer, data, seed: 7, initial: startOf(model, 7) })
  const random = createRandom(deriveKey('bench', 'order'))
  let step = 0
  const train = async () => {
    const order = permutation(task.samples, random).subarray(0, stepsPerRun * task.batch)
    const { losses } = await trainer.run(Int32Array.from(order), task.batch, step)
    step += losses.length
    return { steps: losses.length, loss: losses.at(-1) ?? Number.NaN }
  }
  return { label: `fitserve (definition to session ${opened} ms)`, train }
}

await servePeer(open)
