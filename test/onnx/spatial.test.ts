import { describe, expect, test } from 'vitest'
import { samePadding, transposedPlacement } from '../../src/nn/layers/spatial-padding.ts'
import { type Builder, createBuilder, ShapeError } from '../../src/onnx/builder.ts'
import { fromBytes, toBytes } from '../../src/onnx/codec.ts'
import type { Dim } from '../../src/onnx/dims.ts'
import { elementCount, tensorOf } from '../../src/onnx/tensor.ts'
import type { Real } from '../../src/onnx/value.ts'
import { newGraph, numbers, runGraph } from '../support/graph.ts'

type Build = (op: Builder, x: Real) => Real

/** What an operator makes of 1, 2, 3, … in one channel, as rows. */
async function rowsOf(build: Build, spatial: readonly number[], sign = 1) {
  const graph = newGraph()
  const op = createBuilder(graph)
  const x = graph.input('x', 'float32', ['batch', 1, ...spatial])
  const y = build(op, x)
  graph.output(y, 'y')
  const values = Array.from({ length: elementCount(spatial) }, (_, i) => sign * (i + 1))
  const { y: result } = await runGraph(graph, { x: tensorOf('float32', values, [1, 1, ...spatial]) })
  expect(result?.dims.slice(1)).toEqual(y.shape.slice(1))
  const width = Number(result?.dims.at(-1))
  const flat = numbers(result)
  return Array.from({ length: flat.length / width }, (_, row) => flat.slice(row * width, (row + 1) * width))
}

const ones = (op: Builder, kernel: readonly number[]) =>
  op.constant(tensorOf('float32', new Array(elementCount(kernel)).fill(1), [1, 1, ...kernel]))

/** The pads of Keras' padding 'same'. */
function same(spatial: readonly number[], kernel: readonly number[], strides: readonly number[]) {
  const sides = spatial.map((length, i) => samePadding(length, kernel[i] as number, strides[i] as number))
  return { strides, pads: [...sides.map(({ before }) => before), ...sides.map(({ after }) => after)] }
}

test.each<[string, number[], number[], number[], number[][]]>([
  [
    'kernel 3, stride 2 on 4x4',
    [4, 4],
    [3, 3],
    [2, 2],
    [
      [54, 45],
      [72, 54],
    ],
  ],
  [
    'kernel 1, stride 2 on 4x4',
    [4, 4],
    [1, 1],
    [2, 2],
    [
      [1, 3],
      [9, 11],
    ],
  ],
  ['kernel 3, stride 5 on 3x3', [3, 3], [3, 3], [5, 5], [[45]]],
  ['kernel 1x2, stride 1x3 on 1x5', [1, 5], [1, 2], [1, 3], [[3, 9]]],
])("C01: Conv with Keras' same padding, %s", async (_, spatial, kernel, strides, expected) => {
  const build: Build = (op, x) => op.Conv(x, ones(op, kernel), null, same(spatial, kernel, strides))
  expect(await rowsOf(build, spatial)).toEqual(expected)
})

test.each<[string, 'valid' | 'same', number | null, number[][]]>([
  [
    'same',
    'same',
    null,
    [
      [1, 1, 3, 2],
      [1, 1, 3, 2],
      [4, 4, 10, 6],
      [3, 3, 7, 4],
    ],
  ],
  [
    'same with output_padding 0',
    'same',
    0,
    [
      [1, 3, 2],
      [4, 10, 6],
      [3, 7, 4],
    ],
  ],
  [
    'valid',
    'valid',
    null,
    [
      [1, 1, 3, 2, 2],
      [1, 1, 3, 2, 2],
      [4, 4, 10, 6, 6],
      [3, 3, 7, 4, 4],
      [3, 3, 7, 4, 4],
    ],
  ],
])("C03: ConvTranspose of 2x2, kernel 3, stride 2, with Keras' padding %s", async (_, padding, given, expected) => {
  const placed = transposedPlacement(2, { kernel: 3, stride: 2, padding, outputPadding: given })
  const build: Build = (op, x) =>
    op.ConvTranspose(x, ones(op, [3, 3]), null, {
      strides: [2, 2],
      pads: [placed.before, placed.before, placed.after, placed.after],
      output_padding: [placed.outputPadding, placed.outputPadding],
    })
  expect(await rowsOf(build, [2, 2])).toEqual(expected)
})

describe('C08: at a padded edge', () => {
  const pool = (size: number, stride: number) => ({
    kernel_shape: [size, size],
    ...same([3, 3], [size, size], [stride, stride]),
  })

  test('AveragePool divides by the real cells only', async () => {
    expect(await rowsOf((op, x) => op.AveragePool(x, pool(2, 2)), [3, 3])).toEqual([
      [3, 4.5],
      [7.5, 9],
    ])
    expect(await rowsOf((op, x) => op.AveragePool(x, pool(3, 1)), [3, 3])).toEqual([
      [3, 3.5, 4],
      [4.5, 5, 5.5],
      [6, 6.5, 7],
    ])
  })

  test('AveragePool divides by the whole window where pads are to count', async () => {
    const build: Build = (op, x) => op.AveragePool(x, { ...pool(2, 2), count_include_pad: 1 })
    expect(await rowsOf(build, [3, 3])).toEqual([
      [3, 2.25],
      [3.75, 2.25],
    ])
  })

  test('MaxPool of negatives does not see the pads', async () => {
    expect(await rowsOf((op, x) => op.MaxPool(x, pool(2, 2))[0], [3, 3], -1)).toEqual([
      [-1, -3],
      [-7, -9],
    ])
  })
})

describe('Resize', () => {
  test('repeats by whole factors', async () => {
    const build: Build = (op, x) =>
      op.Resize(x, null, op.constant(tensorOf('float32', [1, 2])), null, {
        axes: [2, 3],
        mode: 'nearest',
        coordinate_transformation_mode: 'asymmetric',
        nearest_mode: 'floor',
      })
    expect(await rowsOf(build, [2, 2])).toEqual([
      [1, 1, 2, 2],
      [3, 3, 4, 4],
    ])
  })

  test('interpolates between the middles of cells, as Keras', async () => {
    const build: Build = (op, x) =>
      op.Resize(x, null, op.constant(tensorOf('float32', [1, 2])), null, {
        axes: [2, 3],
        mode: 'linear',
        coordinate_transformation_mode: 'half_pixel',
      })
    expect(await rowsOf(build, [1, 2])).toEqual([[1, 1.25, 1.75, 2]])
  })
})

describe('shapes', () => {
  const shapeOf = (build: Build, shape: readonly Dim[]) => {
    const op = createBuilder(newGraph())
    return build(op, op.graph.input('x', 'float32', shape)).shape
  }
  const weights = (op: Builder, shape: readonly Dim[]) => op.graph.input('w', 'float32', shape)

  test.each<[string, Build, readonly Dim[], readonly Dim[]]>([
    [
      'Conv keeps the batch',
      (op, x) => op.Conv(x, weights(op, [8, 3, 5, 3]), null, {}),
      ['batch', 3, 9, 9],
      ['batch', 8, 5, 7],
    ],
    [
      'auto_pad makes ⌈length / stride⌉ places',
      (op, x) => op.Conv(x, weights(op, [8, 3, 3, 3]), null, { auto_pad: 'SAME_UPPER', strides: [2, 2] }),
      ['batch', 3, 9, 8],
      ['batch', 8, 5, 4],
    ],
    [
      'an open axis shrinks by the kernel',
      (op, x) => op.Conv(x, weights(op, [8, 3, 3]), null, {}),
      ['batch', 3, 'time'],
      ['batch', 8, '(time+-2)'],
    ],
    [
      'an open axis stays with pads as long as the kernel is',
      (op, x) => op.Conv(x, weights(op, [8, 3, 3]), null, { pads: [2, 0] }),
      ['batch', 3, 'time'],
      ['batch', 8, 'time'],
    ],
    [
      'ceil_mode counts a last window over the end',
      (op, x) => op.AveragePool(x, { kernel_shape: [2], strides: [2], ceil_mode: 1 }),
      ['batch', 3, 5],
      ['batch', 3, 3],
    ],
    [
      'ceil_mode counts none that begins behind the end',
      (op, x) => op.AveragePool(x, { kernel_shape: [2], strides: [3], ceil_mode: 1 }),
      ['batch', 3, 6],
      ['batch', 3, 2],
    ],
    ['GlobalMaxPool', (op, x) => op.GlobalMaxPool(x), ['batch', 3, 4, 5], ['batch', 3, 1, 1]],
  ])('%s', (_, build, given, expected) => {
    expect(shapeOf(build, given)).toEqual(expected)
  })

  test.each<[string, Build, readonly Dim[], string]>([
    [
      'a window longer than the axis',
      (op, x) => op.Conv(x, weights(op, [8, 3, 5]), null, { pads: [1, 0] }),
      ['batch', 3, 3],
      'a window of 5 does not fit into an axis of length 3 and 1 of padding',
    ],
    [
      'a window spread by a dilation',
      (op, x) => op.Conv(x, weights(op, [8, 3, 3]), null, { dilations: [2] }),
      ['batch', 3, 4],
      'a window of 3 (spread over 5 by dilation 2) does not fit into an axis of length 4',
    ],
    [
      'other channels than the weights take',
      (op, x) => op.Conv(x, weights(op, [8, 4, 1]), null, {}),
      ['batch', 3, 3],
      'the input has 3 channels, the weights [8, 4, 1] take 4',
    ],
    [
      'groups that do not divide the filters',
      (op, x) => op.Conv(x, weights(op, [8, 1, 1]), null, { group: 3 }),
      ['batch', 3, 3],
      '8 filters do not divide into 3 groups',
    ],
    [
      'strides of another rank',
      (op, x) => op.Conv(x, weights(op, [8, 3, 1]), null, { strides: [1, 1] }),
      ['batch', 3, 3],
      'strides takes one number per axis (1), received [1,1]',
    ],
    [
      'pads as long as the window of a pool',
      (op, x) => op.MaxPool(x, { kernel_shape: [2], pads: [0, 2] })[0],
      ['batch', 3, 3],
      'padding must be shorter than the window of 2, received 0 and 2',
    ],
    [
      'an output_padding as large as the stride',
      (op, x) => op.ConvTranspose(x, weights(op, [3, 8, 2]), null, { strides: [2], output_padding: [2] }),
      ['batch', 3, 3],
      'output_padding must be at least 0 and below the stride 2, received 2',
    ],
  ])('%s is told in words', (_, build, given, message) => {
    expect(() => shapeOf(build, given)).toThrow(ShapeError)
    expect(() => shapeOf(build, given)).toThrow(message)
  })
})

test('indices that nobody reads are not asked for, and are there again when the file is read', () => {
  const graph = newGraph()
  const op = createBuilder(graph)
  const x = graph.input('x', 'float32', ['batch', 1, 4])
  const [y] = op.MaxPool(x, { kernel_shape: [2] })
  graph.output(y, 'y')
  const bytes = toBytes(graph)
  expect(Buffer.from(bytes).includes('maxpool_y1')).toBe(false)
  const { graph: read } = fromBytes(bytes)
  expect(read.nodes[0]?.outputs.map(({ type }) => type)).toEqual(['float32', 'int64'])
  expect(Buffer.from(toBytes(read))).toEqual(Buffer.from(bytes))
})
