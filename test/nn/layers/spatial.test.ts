/** Convolutions, pools, resampling and normalizations against Keras' vectors (make_spatial.py), and the cases about them. */
import { describe, expect, test } from 'vitest'
import { parseDefinition } from '../../../src/nn/definition.ts'
import { layers } from '../../../src/nn/layers/index.ts'
import { callModel } from '../../../src/nn/lower.ts'
import { buildModel } from '../../../src/nn/model.ts'
import { initialWeights } from '../../../src/nn/weights.ts'
import { createBuilder } from '../../../src/onnx/builder.ts'
import type { Real } from '../../../src/onnx/value.ts'
import { allclose } from '../../support/allclose.ts'
import { modelOf, runModel } from '../../support/check-layer.ts'
import { newGraph, numbers } from '../../support/graph.ts'
import { flat, kerasFixture, type Nested, shapeOf } from '../../support/keras.ts'

interface LayerCase {
  readonly layer: { readonly type: string }
  readonly x: Nested
  readonly weights: readonly Nested[]
  readonly y: Nested
}

const cases = ['convolutions', 'pools', 'resampling', 'normalizations']
  .flatMap((name) => kerasFixture<LayerCase[]>(`${name}.json`))
  .map((made) => [`${JSON.stringify(made.layer)} on [${shapeOf(made.x)}]`, made] as const)

test.each(cases)("%s gives Keras' output", async (_name, { layer, x, weights, y }) => {
  const model = modelOf([layer], shapeOf(x).slice(1))
  expect(model.weights.map(({ shape }) => shape)).toEqual(weights.map(shapeOf))
  const given = new Map(model.weights.map(({ name }, i) => [name, flat(weights[i] ?? [])]))
  const result = await runModel(model, flat(x), given, { served: true })
  expect(result.y.dims).toEqual(shapeOf(y))
  allclose(numbers(result.y), flat(y), { relative: 1e-5, absolute: 5e-6 })
})

/** A convolution that changes nothing, behind which the channels stand first. */
const unchanged = (rank: number, channels: number) => ({
  type: `Conv${rank}D`,
  filters: channels,
  kernel_size: 1,
  use_bias: false,
  kernel_initializer: { name: 'constant', value: identity(channels, rank) },
})

function identity(size: number, rank: number): unknown {
  const rows: unknown = Array.from({ length: size }, (_, row) =>
    Array.from({ length: size }, (_, column) => Number(row === column)),
  )
  return Array.from({ length: rank }).reduce((inner) => [inner], rows)
}

const overPlaces = cases.filter(([, { x }]) => shapeOf(x).length > 2)

test.each(overPlaces)(
  "%s gives Keras' output behind a convolution as well",
  async (_name, { layer, x, weights, y }) => {
    const shape = shapeOf(x).slice(1)
    const model = modelOf([unchanged(shape.length - 1, shape.at(-1) ?? 1), layer], shape)
    const [first, ...own] = model.weights.map(({ name }) => name)
    const start = initialWeights(model, 1)
    const given = new Map(own.map((name, i) => [name, flat(weights[i] ?? [])]))
    const result = await runModel(
      model,
      flat(x),
      new Map([[first ?? '', [...(start.get(first ?? '') ?? [])]], ...given]),
    )
    expect(result.y.dims).toEqual(shapeOf(y))
    allclose(numbers(result.y), flat(y), { relative: 1e-5, absolute: 5e-6 })
  },
)

test('every layer over places is in the vectors of Keras', () => {
  const others = kerasFixture<LayerCase[]>('layer-gradients.json') // keras-gradients.test.ts
  const known = new Set([...cases.map(([, made]) => made), ...others].map(({ layer }) => layer.type))
  const spatial = Object.keys(layers).filter((type) => /Conv|Pooling|UpSampling|ZeroPadding|Cropping|\d?D$/.test(type))
  expect(spatial.filter((type) => !known.has(type) && !type.startsWith('SpatialDropout'))).toEqual([])
})

/** One sample of one channel, row by row, and the result in the same form. */
async function onImage(layer: object, image: readonly (readonly number[])[]): Promise<number[][]> {
  const model = modelOf([layer], [image.length, image[0]?.length ?? 0, 1])
  const size = model.weights[0]?.shape.reduce((product, length) => product * length, 1) ?? 0
  const ones = new Map(model.weights.map(({ name }) => [name, new Array<number>(size).fill(1)]))
  const { y } = await runModel(model, image.flat(), ones)
  const [, rows = 0, columns = 0] = y.dims
  return Array.from({ length: rows }, (_, row) => numbers(y).slice(row * columns, (row + 1) * columns))
}

const counting = (rows: number, columns: number) =>
  Array.from({ length: rows }, (_, row) => Array.from({ length: columns }, (_, column) => row * columns + column + 1))

describe("C01: padding 'same' with a stride", () => {
  const conv = (kernel_size: unknown, strides: unknown) => ({
    type: 'Conv2D',
    filters: 1,
    kernel_size,
    strides,
    padding: 'same',
    use_bias: false,
  })
  test.each<[string, object, number[][], number[][]]>([
    [
      'a kernel of 3, stride 2',
      conv(3, 2),
      counting(4, 4),
      [
        [54, 45],
        [72, 54],
      ],
    ],
    [
      'a stride above the kernel',
      conv(1, 2),
      counting(4, 4),
      [
        [1, 3],
        [9, 11],
      ],
    ],
    ['a stride above the image', conv(3, 5), counting(3, 3), [[45]]],
    ['other numbers on each axis', conv([1, 2], [1, 3]), counting(1, 5), [[3, 9]]],
  ])('%s', async (_, layer, image, expected) => {
    expect(await onImage(layer, image)).toEqual(expected)
  })
})

describe('C03: transposed convolutions', () => {
  const transposed = (kernel_size: number, strides: number, padding: string, output_padding: number | null) => ({
    type: 'Conv2DTranspose',
    filters: 1,
    kernel_size,
    strides,
    padding,
    output_padding,
    use_bias: false,
  })
  test.each<[number, number, string, number | null, number]>([
    [3, 2, 'valid', null, 7],
    [3, 2, 'valid', 0, 7],
    [3, 2, 'valid', 1, 8],
    [3, 2, 'same', null, 6],
    [3, 2, 'same', 0, 5],
    [3, 2, 'same', 1, 6],
    [4, 2, 'same', null, 6],
    [2, 3, 'valid', null, 9],
    [2, 2, 'valid', null, 6],
  ])(
    'kernel %i, stride %i, %s, output_padding %s makes 3 places %i',
    async (kernel, stride, padding, extra, length) => {
      const layer = transposed(kernel, stride, padding, extra)
      expect(modelOf([layer], [3, 3, 1]).outputs[0]?.shape).toEqual([length, length, 1])
      expect((await onImage(layer, counting(3, 3))).length).toBe(length)
    },
  )

  test.each<[string, object, number[][]]>([
    [
      'same',
      transposed(3, 2, 'same', null),
      [
        [1, 1, 3, 2],
        [1, 1, 3, 2],
        [4, 4, 10, 6],
        [3, 3, 7, 4],
      ],
    ],
    [
      'same without output padding',
      transposed(3, 2, 'same', 0),
      [
        [1, 3, 2],
        [4, 10, 6],
        [3, 7, 4],
      ],
    ],
    [
      'valid',
      transposed(3, 2, 'valid', null),
      [
        [1, 1, 3, 2, 2],
        [1, 1, 3, 2, 2],
        [4, 4, 10, 6, 6],
        [3, 3, 7, 4, 4],
        [3, 3, 7, 4, 4],
      ],
    ],
  ])('the values of %s', async (_, layer, expected) => {
    expect(await onImage(layer, counting(2, 2))).toEqual(expected)
  })
})

describe('C08: pools at a padded edge', () => {
  const pool = (type: string, pool_size: number, strides: number) => ({ type, pool_size, strides, padding: 'same' })
  test.each<[string, object, number[][], number[][]]>([
    [
      'averages of windows side by side divide by the cells that are there',
      pool('AveragePooling2D', 2, 2),
      counting(3, 3),
      [
        [3, 4.5],
        [7.5, 9],
      ],
    ],
    [
      'averages of windows that overlap as well',
      pool('AveragePooling2D', 3, 1),
      counting(3, 3),
      [
        [3, 3.5, 4],
        [4.5, 5, 5.5],
        [6, 6.5, 7],
      ],
    ],
    [
      'maxima of negative numbers do not see the padding',
      pool('MaxPooling2D', 2, 2),
      counting(3, 3).map((row) => row.map((value) => -value)),
      [
        [-1, -3],
        [-7, -9],
      ],
    ],
  ])('%s', async (_, layer, image, expected) => {
    expect(await onImage(layer, image)).toEqual(expected)
  })
})

const conv = { type: 'Conv2D', filters: 4, kernel_size: 3 }
test.each<[string, object, number[], RegExp]>([
  [
    'a sample without channels',
    conv,
    [8, 8],
    /expected samples of \[height, width, channels\], received \[batch, 8, 8\]/,
  ],
  ['a window larger than the image', conv, [2, 8, 1], /a window of 3 does not fit into an axis of length 2/],
  ['filters that do not divide', { ...conv, groups: 3 }, [8, 8, 3], /filters \(4\) that divide into groups \(3\)/],
  ['channels that do not divide', { ...conv, groups: 2 }, [8, 8, 3], /channels that divide into groups \(2\)/],
  [
    'strides with dilation',
    { ...conv, strides: 2, dilation_rate: 2 },
    [8, 8, 3],
    /strides or a dilation_rate above 1, not both/,
  ],
  ['channels first', { ...conv, data_format: 'channels_first' }, [8, 8], /samples of \[channels, height, width\]/],
  [
    'an output_padding of the stride (C03)',
    { type: 'Conv2DTranspose', filters: 1, kernel_size: 3, strides: 2, output_padding: 2 },
    [3, 3, 1],
    /output_padding below the strides 2 instead of 2/,
  ],
  ['a pool larger than the image', { type: 'MaxPooling1D', pool_size: 4 }, [3, 1], /a window of 4 does not fit/],
  [
    'cropping everything',
    { type: 'Cropping1D', cropping: [1, 2] },
    [3, 1],
    /an input longer than the cropping \[1,2\]/,
  ],
  ['an axis of the batch', { type: 'BatchNormalization', axis: 0 }, [3], /samples that have the axis 0/],
  [
    'groups that do not divide',
    { type: 'GroupNormalization', groups: 2 },
    [3],
    /channels that divide into groups \(2\)/,
  ],
  ['too few factors', { type: 'Rescaling', scale: [1, 2] }, [3], /as many channels as there are numbers in \[1,2\]/],
  ['a mean alone', { type: 'Normalization', mean: 1 }, [3], /mean and variance both, or neither/],
])('%s is a shape mismatch at the layer', (_, layer, shape, detail) => {
  const build = () =>
    buildModel(parseDefinition({ layers: [{ type: 'Activation', activation: 'relu' }, layer] }), shape)
  expect(build).toThrow(detail)
  expect(build).toThrow(
    expect.objectContaining({ code: 'shape_mismatch', errors: [expect.objectContaining({ pointer: '/layers/1' })] }),
  )
})

test.each([
  [{ ...conv, kernel_size: [3] }, '/layers/0/kernel_size'],
  [{ ...conv, padding: 'causal' }, '/layers/0/padding'],
  [{ ...conv, filters: 0 }, '/layers/0/filters'],
  [{ type: 'MaxPooling2D', strides: 0 }, '/layers/0/strides'],
  [{ type: 'ZeroPadding2D', padding: [1, -1] }, '/layers/0/padding'],
  [{ type: 'AveragePooling2D' }, '/layers/0/pool_size'],
])('%j is refused at its argument', (layer, pointer) => {
  try {
    parseDefinition({ layers: [layer] })
  } catch (error) {
    const { errors } = error as { errors: { pointer: string }[] }
    expect(errors[0]?.pointer.startsWith(pointer)).toBe(true)
    return
  }
  throw new Error('the definition was taken')
})

test('a mean over steps counts those that a mask leaves', async () => {
  const model = modelOf([{ type: 'Masking', mask_value: -1 }, { type: 'GlobalAveragePooling1D' }], [3, 2])
  const { y } = await runModel(model, [1, 2, -1, -1, 3, 6], new Map())
  expect(numbers(y)).toEqual([2, 4])
})

/** How many values of a batch a model's graph transposes. */
function transposes(chain: readonly object[], shape: readonly number[]): number {
  const op = createBuilder(newGraph())
  const model = modelOf(chain, shape)
  const weights: Record<string, Real> = {}
  for (const weight of model.weights) weights[weight.name] = op.graph.input(weight.name, 'float32', weight.shape)
  const x = op.graph.input('x', 'float32', ['batch', ...shape])
  callModel(op, model, [x], weights, { training: true, uniform: (like) => like })
  return op.graph.nodes.filter(({ opType, outputs }) => opType === 'Transpose' && outputs[0]?.shape[0] === 'batch')
    .length
}

const chain = [
  { type: 'Rescaling', scale: 0.5 },
  { type: 'ZeroPadding2D' },
  conv,
  { type: 'BatchNormalization' },
  { type: 'Activation', activation: 'relu' },
  { type: 'MaxPooling2D' },
  { type: 'Dropout', rate: 0.5 },
  { type: 'LayerNormalization' },
  { type: 'SeparableConv2D', filters: 3, kernel_size: 2, activation: 'softmax' },
  { type: 'GroupNormalization', groups: 3 },
  { type: 'Cropping2D', cropping: 1 },
  { type: 'UpSampling2D' },
]
test.each<[string, object[], number]>([
  ['and once at the end where the places stay', [], 2],
  ['and not at the end where channels are all that is left', [{ type: 'GlobalAveragePooling2D' }], 1],
])('channels stay first between convolutions: values are transposed once at the beginning, %s', (_, end, count) => {
  expect(transposes([...chain, ...end], [9, 9, 2])).toBe(count)
})

test('means of embedded steps need no Transpose', () => {
  expect(transposes([{ type: 'Dense', units: 2 }, { type: 'GlobalAveragePooling1D' }], [4, 3])).toBe(0)
})
