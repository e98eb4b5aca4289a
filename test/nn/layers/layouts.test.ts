/** Layers of any layout after a convolution, whose values have their channels first, give what they give without it. */
import { expect, test } from 'vitest'
import { parseDefinition } from '../../../src/nn/definition.ts'
import { buildModel } from '../../../src/nn/model.ts'
import { initialWeights } from '../../../src/nn/weights.ts'
import { allclose } from '../../support/allclose.ts'
import { runModel, someNumbers } from '../../support/check-layer.ts'
import { numbers } from '../../support/graph.ts'

/** A convolution that gives what it takes. */
const passing = (channels: number, places: 1 | 2) => {
  const eye = Array.from({ length: channels }, (_, i) => Array.from({ length: channels }, (_, j) => Number(i === j)))
  const value = places === 1 ? [eye] : [[eye]]
  const kernel_initializer = { name: 'constant', value }
  return { type: `Conv${places}D`, filters: channels, kernel_size: 1, kernel_initializer }
}

type Shape = readonly number[]

async function outputs(layer: object, shapes: readonly Shape[], through: boolean) {
  const layers = [
    ...shapes.flatMap((shape, i) => {
      const input = { type: 'Input', name: `x${i}`, shape }
      const places = shape.length - 1
      const channels = shape.at(-1) ?? 1
      if (!through || (places !== 1 && places !== 2)) return [{ ...input, name: `y${i}` }]
      return [input, { ...passing(channels, places), name: `y${i}`, inputs: [`x${i}`] }]
    }),
    { ...layer, inputs: shapes.map((_, i) => `y${i}`) },
  ]
  const model = buildModel(parseDefinition({ layers }))
  const size = shapes.reduce((sum, shape) => sum + shape.reduce((product, length) => product * length, 1), 0)
  const draws = someNumbers(4, 'draws').map((value) => (value + 1) / 2)
  const weights = initialWeights(model, 1)
  return runModel(model, someNumbers(2 * size, 'x'), weights, { training: true, draws })
}

const image = [2, 3, 2]
test.each<[object, Shape[]]>([
  [{ type: 'Add' }, [image, image]],
  [{ type: 'Add' }, [image, [3, 2]]],
  [{ type: 'Multiply' }, [image, [2]]],
  [{ type: 'Average' }, [image, [1, 3, 2], [2, 3, 1]]],
  [{ type: 'Concatenate' }, [image, [2, 3, 1]]],
  [{ type: 'Concatenate', axis: 1 }, [image, [4, 3, 2]]],
  [{ type: 'Concatenate', axis: -2 }, [image, [2, 1, 2]]],
  [
    { type: 'Concatenate', axis: 2 },
    [
      [3, 2],
      [3, 1],
    ],
  ],
  [{ type: 'SpatialDropout2D', rate: 0.5 }, [image]],
  [{ type: 'SpatialDropout1D', rate: 0.5 }, [[3, 2]]],
  [{ type: 'ReLU', threshold: 0.1 }, [image]],
  [{ type: 'PReLU', alpha_initializer: 'ones', shared_axes: [1, 2] }, [image]],
  [{ type: 'Softmax' }, [image]],
  [{ type: 'Softmax', axis: [1, 2] }, [image]],
  [{ type: 'Permute', dims: [3, 1, 2] }, [image]],
  [{ type: 'Dot', axes: [3, 3] }, [image, image]],
])('%j on %j', async (layer, shapes) => {
  const [through, plain] = [await outputs(layer, shapes, true), await outputs(layer, shapes, false)]
  expect(through.y.dims).toEqual(plain.y.dims)
  allclose(numbers(through.y), numbers(plain.y), { relative: 1e-5, absolute: 1e-6 })
})

/** A network of images whose channels come first, or last. */
const network = (data_format: string) => {
  const channels = data_format === 'channels_first' ? 1 : -1
  return [
    { type: 'Conv2D', filters: 4, kernel_size: 3, padding: 'same', activation: 'relu', data_format },
    { type: 'BatchNormalization', axis: channels },
    { type: 'MaxPooling2D', data_format },
    { type: 'ZeroPadding2D', data_format },
    { type: 'SpatialDropout2D', rate: 0.5, data_format },
    { type: 'DepthwiseConv2D', kernel_size: 2, data_format },
    { type: 'UpSampling2D', data_format },
    { type: 'Conv2DTranspose', filters: 2, kernel_size: 2, data_format },
    { type: 'Flatten', data_format },
    { type: 'Dense', units: 3 },
  ]
}

const [height, width, depth] = [6, 4, 2]
const turned = (x: readonly number[]) =>
  Array.from({ length: x.length }, (_, i) => {
    const [at, place] = [i % (height * width * depth), Math.floor(i / (height * width * depth))]
    const [channel, spot] = [Math.floor(at / (height * width)), at % (height * width)]
    return x[place * height * width * depth + spot * depth + channel] ?? 0
  })

test.each([false, true])('channels first give what channels last give, in a sequence: %s', async (inSequence) => {
  const wrapped = (layer: object) => (inSequence ? { type: 'TimeDistributed', layer } : layer)
  const of = (format: string, shape: readonly number[]) =>
    buildModel(parseDefinition({ layers: network(format).map(wrapped) }), inSequence ? [2, ...shape] : shape)
  const [last, first] = [of('channels_last', [height, width, depth]), of('channels_first', [depth, height, width])]
  const x = someNumbers(2 * height * width * depth, 'images')
  const expected = await runModel(last, x, initialWeights(last, 3))
  const weights = initialWeights(last, 3)
  const received = await runModel(
    first,
    turned(x),
    new Map(first.weights.map(({ name }, i) => [name, weights.get(last.weights[i]?.name ?? '') ?? []])),
  )
  expect(received.y.dims).toEqual(expected.y.dims)
  allclose(numbers(received.y), numbers(expected.y), { relative: 1e-5, absolute: 1e-6 })
})
