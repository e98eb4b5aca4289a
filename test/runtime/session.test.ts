/** Runs that write into tensors of the caller: nothing is copied, and what goes wrong is told. */
import { expect, test } from 'vitest'
import { createBuilder } from '../../src/onnx/builder.ts'
import { fromBytes, toBytes } from '../../src/onnx/codec.ts'
import { type Tensor, tensorOf } from '../../src/onnx/tensor.ts'
import { openSession } from '../../src/runtime/session.ts'
import { newGraph } from '../support/graph.ts'

/** -x and 1 / x of three numbers. */
function model(writesInto: boolean): Uint8Array {
  const graph = newGraph()
  const op = createBuilder(graph)
  const x = graph.input('x', 'float32', ['n'])
  graph.output(op.Neg(x), 'negative')
  graph.output(op.Reciprocal(op.Gather(x, op.ints([0, 1, 2]), { axis: 0 })), 'inverse')
  return toBytes(graph, { writesInto })
}

const x = tensorOf('float32', [1, 2, 4])
const room = () =>
  new Map<string, Tensor>(['negative', 'inverse'].map((name) => [name, tensorOf('float32', [0, 0, 0])]))

test.each([true, false])(
  'a model made for it %s: both outputs are written into the tensors given',
  async (writesInto) => {
    const session = await openSession(model(writesInto))
    const into = room()
    const results = await session.run({ x }, into)
    expect(session.outputNames).toEqual(['negative', 'inverse'])
    expect(Array.from(into.get('negative')?.data as Float32Array)).toEqual([-1, -2, -4])
    expect(Array.from(into.get('inverse')?.data as Float32Array)).toEqual([1, 0.5, 0.25])
    expect(results.inverse?.data).toEqual(into.get('inverse')?.data)
    // onnxruntime-node copies what it was given a tensor for, too, unless it is kept from it
    expect(results.inverse?.data === into.get('inverse')?.data).toBe(writesInto)
    await session.close()
  },
)

test('an output without a tensor comes in a new one beside the others', async () => {
  const session = await openSession(model(true))
  const into = room()
  into.delete('negative')
  const { negative, inverse } = await session.run({ x }, into)
  expect([negative, inverse].map((output) => Array.from(output?.data as Float32Array))).toEqual([
    [-1, -2, -4],
    [1, 0.5, 0.25],
  ])
  await session.close()
})

test('a run that fails while it writes into tensors says why', async () => {
  const session = await openSession(model(true))
  await expect(session.run({ x: tensorOf('float32', [1, 2]) }, room())).rejects.toMatchObject({ code: 'engine_failed' })
  await session.close()
})

test('a file made for it reads as the graph that it was made of', () => {
  expect(fromBytes(model(true)).graph.outputs.map(({ name }) => name)).toEqual(['negative', 'inverse'])
})
