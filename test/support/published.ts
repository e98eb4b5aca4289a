/** Versions published by hand, for tests of serving that need no training: small graphs with known answers. */

import { createBuilder } from '../../src/onnx/builder.ts'
import { toBytes } from '../../src/onnx/codec.ts'
import { Graph } from '../../src/onnx/graph.ts'
import { stringTensor } from '../../src/onnx/tensor.ts'
import type { Value } from '../../src/onnx/value.ts'
import type { Signature } from '../../src/serving/signature.ts'
import type { Store } from '../../src/store/store.ts'

let count = 0

/** A model of this name, and a version that the graph answers for; the version's number. */
async function publish(store: Store, model: string, graph: Graph, signature: Signature): Promise<number> {
  count += 1
  const blobKey = `versions/test-${process.pid}-${count}.onnx`
  await store.blobs.put(blobKey, toBytes(graph))
  if ((await store.models.find(model)) === null) {
    await store.models.create({
      name: model,
      definition: {},
      totalParameters: 0,
      trainableParameters: 0,
      summary: null,
    })
  }
  const row = await store.versions.publish({ model, training: null, source: 'import', blobKey, signature, metrics: {} })
  return row.version
}

/** value = scale · log(x), which is not finite for x ≤ 0. Case C54's model, with raw values in. */
export function publishLog(store: Store, model: string, scale = 1): Promise<number> {
  const graph = Graph.create('log')
  const op = createBuilder(graph)
  const x = op.Cast(graph.input('x', 'float64', ['batch', 1]), { to: 'float32' })
  const scaled = op.Mul(op.Log(x), op.scalar(scale, x))
  declare(graph, op.Squeeze(scaled, op.ints([1])), 'value')
  return publish(store, model, graph, {
    version: 1,
    features: [{ name: 'x', input: 'x', type: 'number', required: true }],
    target: { name: 'y', kind: 'regression' },
    weights: [],
  })
}

/** Probabilities softmax([n, 2·(color is red)]) of the labels `many` and `red`. */
export function publishColors(store: Store, model: string): Promise<number> {
  const graph = Graph.create('colors')
  const op = createBuilder(graph)
  const color = graph.input('color', 'string', ['batch', 1])
  const n = op.Cast(graph.input('n', 'float64', ['batch', 1]), { to: 'float32' })
  const isRed = op.Cast(op.Equal(color, op.constant(stringTensor(['red']))), { to: 'float32' })
  const probabilities = op.Softmax(op.Concat([n, op.Mul(isRed, op.scalar(2, n))], { axis: 1 }), { axis: 1 })
  const best = op.ArgMax(probabilities, { axis: 1, keepdims: 0 })
  declare(graph, op.Gather(op.constant(stringTensor(['many', 'red'])), best, { axis: 0 }), 'label')
  declare(graph, probabilities, 'probabilities')
  return publish(store, model, graph, {
    version: 1,
    features: [
      { name: 'color', input: 'color', type: 'category', categories: ['blue', 'red'], required: true },
      { name: 'n', input: 'n', type: 'number', required: true },
    ],
    target: { name: 'y', kind: 'binary', labels: ['many', 'red'] },
    weights: [],
  })
}

function declare(graph: Graph, value: Value, name: string): void {
  graph.rename(value, name)
  graph.output(value)
}
