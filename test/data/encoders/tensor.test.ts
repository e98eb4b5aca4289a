/** Tensors: the same numbers from TypeScript and from the lowered graph. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { FittedEncoder } from '../../../src/data/encoders/encoder.ts'
import { encodedShape, encodeRows, fitEncoders, lowerEncoders } from '../../../src/data/encoders/table-encoder.ts'
import type { Table, TensorColumn } from '../../../src/data/table.ts'
import { createBuilder } from '../../../src/onnx/builder.ts'
import { toBytes } from '../../../src/onnx/codec.ts'
import { Graph } from '../../../src/onnx/graph.ts'
import { tensorOf } from '../../../src/onnx/tensor.ts'
import { openSession } from '../../../src/runtime/session.ts'

const shape = [2, 3]
const tableOf = (values: Float32Array | Uint8Array): Table => ({
  rowCount: values.length / 6,
  columns: [{ name: 'x', type: 'tensor', shape, values, lengths: null }],
})
const fittedOn = (table: Table, preprocessing: 'none' | 'standardize' | 'rescale', rows = Int32Array.of(0, 1)) =>
  fitEncoders(table, rows, [{ column: 'x', preprocessing, missing: { policy: 'error' } }])

test('standardize takes mean and deviation of all numbers of the training rows', () => {
  const table = tableOf(Uint8Array.of(0, 2, 4, 6, 8, 10, 1, 3, 5, 7, 9, 11, 200, 200, 200, 200, 200, 200))
  const fitted = fittedOn(table, 'standardize')
  expect(fitted).toMatchObject([{ type: 'tensor', width: 6, shape, shift: 5.5, scale: expect.closeTo(3.452053, 5) }])
  expect(encodedShape(fitted)).toEqual(shape)
})

test('rescale divides by 255', () => {
  const table = tableOf(Uint8Array.of(0, 51, 102, 153, 204, 255))
  const encoded = encodeRows(fittedOn(table, 'rescale', Int32Array.of(0)), table, Int32Array.of(0))
  expect(encoded).toEqual(Float32Array.of(0, 51 / 255, 102 / 255, 153 / 255, 204 / 255, 1))
})

test('the lowered graph gives what encodeRows gives, to the last bit', async () => {
  const float = fc.float({ min: Math.fround(-1e6), max: Math.fround(1e6), noNaN: true })
  const numbers = fc.array(
    fc.oneof(
      float.map((x) => (Math.abs(x) < 1e-30 ? 0 : x)),
      fc.integer({ min: 0, max: 255 }),
    ),
    {
      minLength: 18,
      maxLength: 18,
    },
  )
  const how = fc.constantFrom('none', 'standardize', 'rescale')
  const property = fc.asyncProperty(numbers, how, async (given, preprocessing) => {
    const table = tableOf(Float32Array.from(given))
    const fitted: FittedEncoder[] = JSON.parse(JSON.stringify(fittedOn(table, preprocessing)))
    const graph = Graph.create('encoders')
    const { encoded } = lowerEncoders(createBuilder(graph), fitted)
    graph.output(encoded)
    const session = await openSession(toBytes(graph))
    const { values } = table.columns[0] as TensorColumn
    const results = await session.run({ x: tensorOf('float32', values, [3, ...shape]) })
    await session.close()
    const result = results[encoded.name]
    expect(result?.dims).toEqual([3, ...shape])
    const unsigned = (x: Float32Array) => x.map((value) => value + 0) // -0 + 0 is 0
    expect(unsigned(result?.data as Float32Array)).toEqual(unsigned(encodeRows(fitted, table, Int32Array.of(0, 1, 2))))
  })
  await fc.assert(property, { numRuns: 40 })
})
