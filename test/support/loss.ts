/** Runs losses and their gradients on small data. */
import { gradients } from '../../src/autodiff/gradients.ts'
import { lossOf, resolveLoss } from '../../src/nn/losses/index.ts'
import type { Given } from '../../src/nn/named.ts'
import { createBuilder } from '../../src/onnx/builder.ts'
import { tensorOf } from '../../src/onnx/tensor.ts'
import { newGraph, numbers, runGraph } from './graph.ts'
import { flat, type Nested, shapeOf } from './keras.ts'

/** The loss of each sample, and the gradient of their mean by the prediction. `kind` says what the prediction is. */
export async function runLoss(
  given: Given,
  yTrue: Nested,
  yPred: Nested,
  kind: 'output' | 'logits' = 'output',
): Promise<{ perSample: number[]; gradient: number[] }> {
  const config = resolveLoss(given)
  const loss = lossOf(config)
  const op = createBuilder(newGraph())
  const trueType = loss.targetKind === 'class_index' ? 'int64' : 'float32'
  const symbolic = (value: Nested) => ['batch', ...shapeOf(value).slice(1)]
  const truth = op.graph.input('yTrue', trueType, symbolic(yTrue))
  const prediction = op.graph.input('yPred', 'float32', symbolic(yPred))
  const of = kind === 'logits' ? loss.fromLogits : loss.perSample
  if (!of) throw new Error(`${config.name} is not computed from logits`)
  const perSample = of(op, truth, prediction, config)
  const [gradient] = gradients(op, op.ReduceMean(perSample, null, { keepdims: 0 }), [prediction])
  if (!gradient) throw new Error('no gradient')
  for (const value of [perSample, gradient]) op.graph.output(value)
  const results = await runGraph(op.graph, {
    yTrue: tensorOf(trueType, flat(yTrue), shapeOf(yTrue)),
    yPred: tensorOf('float32', flat(yPred), shapeOf(yPred)),
  })
  return { perSample: numbers(results[perSample.name]), gradient: numbers(results[gradient.name]) }
}

/** The mean of the losses of all samples. */
export async function meanLoss(given: Given, yTrue: Nested, yPred: Nested, kind?: 'logits'): Promise<number> {
  const { perSample } = await runLoss(given, yTrue, yPred, kind)
  return perSample.reduce((sum, loss) => sum + loss, 0) / perSample.length
}
