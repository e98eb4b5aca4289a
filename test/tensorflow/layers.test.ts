/** The two engines train every layer and every form of network the same: several steps from the same weights. */
import { beforeAll, describe, expect, test } from 'vitest'
import { engineActivations } from '../../src/tensorflow/activations.ts'
import { engineLayers } from '../../src/tensorflow/layers/index.ts'
import type { OpenEngine } from '../../src/training/engine.ts'
import { compare, openTensorflow, type Training } from './compare.ts'
import { head, layerCases } from './layer-cases.ts'
import { networkCases } from './network-cases.ts'

let open: OpenEngine
beforeAll(async () => {
  open = (await openTensorflow()).open
})

const cases = [...layerCases, ...networkCases]
const optimizer = { name: 'sgd', learning_rate: 0.05, momentum: 0.5 }

const titleOf = ({ layers }: Training) =>
  layers.map((layer) => JSON.stringify(layer).replaceAll(/["{}]|type:|inputs:/g, '')).join(' → ')

describe('both engines give the same history and weights for', () => {
  test.each(cases.map((given) => [titleOf(given), given] as const))('%s', (_, given) =>
    compare({ optimizer, epochs: 1, ...given }, open),
  )
})

test('every layer is in that table', () => {
  const typesIn = (layer: object): string[] =>
    Object.entries(layer).flatMap(([name, value]) =>
      name === 'type' ? [String(value)] : name === 'layer' ? typesIn(value) : [],
    )
  const named = new Set(cases.flatMap(({ layers }) => layers.flatMap(typesIn)))
  expect(Object.keys(engineLayers).filter((type) => !named.has(type))).toEqual([])
})

test('every activation, side by side', () => {
  const layers = engineActivations.map((activation) => ({ ...head, activation, inputs: ['x'], name: activation }))
  const all = { type: 'Concatenate', inputs: [...engineActivations] }
  return compare({ layers: [{ type: 'Input', shape: [3], name: 'x' }, ...layers, all, head], optimizer }, open)
})
