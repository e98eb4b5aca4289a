import { expect, test } from 'vitest'
import { Problem } from '../../src/errors.ts'
import { parseDefinition } from '../../src/nn/definition.ts'
import { layers } from '../../src/nn/layers/index.ts'
import { withSharedUnions } from '../../src/nn/shared-unions.ts'

/** A layer's schema with its unions as references, and the unions by name. */
function shared(type: keyof typeof layers) {
  const unions: string[] = []
  const schema = withSharedUnions(layers[type].config, (union) => {
    const text = JSON.stringify(union)
    if (!unions.includes(text)) unions.push(text)
    return `union${unions.indexOf(text)}`
  })
  return { schema: schema as { properties: Record<string, { $ref?: string; default?: unknown }> }, unions }
}

function pointersOf(layer: object): string[] {
  try {
    parseDefinition({ layers: [{ type: 'Input', shape: [1] }, layer] })
  } catch (error) {
    if (error instanceof Problem) return error.errors.map(({ pointer }) => pointer)
    throw error
  }
  return []
}

test('arguments that take the same refer to the same union', () => {
  const { kernel_initializer, bias_initializer, kernel_regularizer } = shared('Dense').schema.properties
  expect(kernel_initializer?.$ref).toMatch(/^union/)
  expect(bias_initializer?.$ref).toBe(kernel_initializer?.$ref)
  expect(kernel_regularizer?.$ref).not.toBe(kernel_initializer?.$ref)
})

test('each argument keeps its own default', () => {
  const { kernel_initializer, bias_initializer } = shared('Dense').schema.properties
  expect([kernel_initializer?.default, bias_initializer?.default]).toEqual(['glorot_uniform', 'zeros'])
})

test('the schema is a small part of what it was', () => {
  const { schema, unions } = shared('LSTM')
  const before = JSON.stringify(layers.LSTM.config).length
  expect(JSON.stringify(schema).length + unions.join('').length).toBeLessThan(before / 2)
})

test('a mistake in one of two arguments with the same union is told at that one', () => {
  const kernel_initializer = { name: 'he_normal', seed: 'x' }
  const layer = { type: 'Dense', units: 1, kernel_initializer, bias_initializer: { name: 'constant', value: 1 } }
  const both = { ...layer, bias_initializer: { name: 'random_normal', stddev: -1 } }
  const neither = { ...both, kernel_initializer: 5 }
  expect(pointersOf(layer)).toEqual(['/layers/1/kernel_initializer/seed'])
  expect(pointersOf(both)).toEqual(['/layers/1/kernel_initializer/seed', '/layers/1/bias_initializer/stddev'])
  expect(pointersOf(neither)).toEqual(['/layers/1/kernel_initializer', '/layers/1/bias_initializer/stddev'])
})
