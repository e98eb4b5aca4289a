import { Ajv } from 'ajv'
import { describe, expect, test } from 'vitest'
import { Problem } from '../../src/errors.ts'
import { DefinitionSchema, parseDefinition } from '../../src/nn/definition.ts'

const input = { type: 'Input', shape: [4] }
const output = { type: 'Dense', units: 1 }

function mistakesOf(json: unknown): { code: string; pointers: string[]; details: string } {
  try {
    parseDefinition(json)
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    const { code, errors } = error
    return {
      code,
      pointers: errors.map(({ pointer }) => pointer),
      details: errors.map(({ detail }) => detail).join('\n'),
    }
  }
  throw new Error('the definition was taken')
}

const dense = (argument: string, value: unknown) => [input, { ...output, [argument]: value }]

test.each<readonly [name: string, layers: unknown, pointers: string[], words: string]>([
  [
    'an unknown layer',
    [input, { type: 'Dens', units: 1 }],
    ['/layers/1/type'],
    'Input, Dense, EinsumDense, Activation',
  ],
  ['a layer without a type', [input, { units: 1 }], ['/layers/1/type'], 'known are Input, Dense'],
  ['an unknown argument', dense('unit', 3), ['/layers/1/unit'], 'units, activation, use_bias'],
  ['a missing argument', [input, { type: 'Dense' }], ['/layers/1/units'], 'layers[1].units is required'],
  ['a negative unit count', dense('units', -2), ['/layers/1/units'], 'must be ≥ 1, received -2'],
  ['a unit count in quotes', dense('units', '8'), ['/layers/1/units'], 'must be an integer, received "8"'],
  ['half a unit', dense('units', 1.5), ['/layers/1/units'], 'received 1.5'],
  ['more units than an index can count', dense('units', 1e12), ['/layers/1/units'], 'must be ≤ 2147483647'],
  ['an unknown activation', dense('activation', 'rleu'), ['/layers/1/activation'], 'relu, sigmoid, tanh'],
  ['an unknown initializer', dense('kernel_initializer', 'glorot'), ['/layers/1/kernel_initializer'], 'glorot_uniform'],
  [
    'an unknown initializer object',
    dense('kernel_initializer', { name: 'glorot' }),
    ['/layers/1/kernel_initializer/name'],
    'glorot_uniform',
  ],
  [
    'an unknown argument of a regularizer',
    dense('kernel_regularizer', { name: 'l2', l1: 1 }),
    ['/layers/1/kernel_regularizer/l1'],
    'known are name, l2',
  ],
  ['a negative penalty', dense('bias_regularizer', { name: 'l1', l1: -1 }), ['/layers/1/bias_regularizer/l1'], '≥ 0'],
  ['an empty name', dense('name', ''), ['/layers/1/name'], 'at least 1'],
  ['a rate above one', [input, { type: 'Dropout', rate: 1.1 }], ['/layers/1/rate'], 'must be ≤ 1, received 1.1'],
  ['an input axis of length 0', [{ type: 'Input', shape: [0] }, output], ['/layers/0/shape/0'], '≥ 1'],
  ['a target length of 0', [input, { type: 'Reshape', target_shape: [0, 4] }], ['/layers/1/target_shape/0'], '≥ 1'],
  ['no layers', [], ['/layers'], 'no output layer'],
  ['an input only', [input], ['/layers'], 'no output layer'],
  ['an input in the middle', [output, input, output], ['/layers/1/type'], 'one Input, as its first layer'],
  ['layers that are no list', { 0: output }, ['/layers'], 'must be an array'],
  ['a layer that is null', [null], ['/layers/0'], 'must be an object'],
  [
    'a key of the prototype',
    [input, JSON.parse('{"type":"Dense","units":1,"__proto__":{"units":2}}')],
    ['/layers/1/__proto__'],
    'not known',
  ],
  ['a type that every object has', [input, { type: 'toString' }], ['/layers/1/type'], 'must be one of'],
])('%s is an invalid definition with its pointer', (_name, layers, pointers, words) => {
  const mistakes = mistakesOf({ layers })
  expect(mistakes.code).toBe('invalid_definition')
  expect(mistakes.pointers).toEqual(pointers)
  expect(mistakes.details).toContain(words)
})

test.each([null, undefined, 7, 'Dense', [], { layer: [output] }, { layers: [output], loss: 'mse' }])(
  'the definition %j is refused',
  (json) => {
    expect(mistakesOf(json).code).toBe('invalid_definition')
  },
)

test('all mistakes of a definition are told together', () => {
  const { pointers } = mistakesOf({ layers: [input, { type: 'Dense', units: 0, unit: 1 }, { type: 'Nope' }] })
  expect(pointers.sort()).toEqual(['/layers/1/unit', '/layers/1/units', '/layers/2/type'])
})

test('C67: two layers of one given name are told with both pointers', () => {
  const mistakes = mistakesOf({ layers: [input, { ...output, name: 'd' }, { ...output, name: 'd' }] })
  expect(mistakes.pointers).toEqual(['/layers/1/name', '/layers/2/name'])
  expect(mistakes.details).toContain('layers[1] and layers[2] are both named "d"')
})

test("the default arguments are Keras'", () => {
  const { layers } = parseDefinition({ layers: [input, output, { type: 'Dropout', rate: 0.5 }, { type: 'Flatten' }] })
  expect(layers).toEqual([
    { type: 'Input', shape: [4], trainable: true },
    {
      type: 'Dense',
      units: 1,
      activation: null,
      use_bias: true,
      kernel_initializer: 'glorot_uniform',
      bias_initializer: 'zeros',
      kernel_regularizer: null,
      bias_regularizer: null,
      activity_regularizer: null,
      kernel_constraint: null,
      bias_constraint: null,
      trainable: true,
    },
    { type: 'Dropout', rate: 0.5, noise_shape: null, seed: null, trainable: true },
    { type: 'Flatten', data_format: null, trainable: true },
  ])
})

describe('the schema by itself, as Fastify compiles it', () => {
  const validate = new Ajv({ allErrors: true, discriminator: true, strict: false }).compile(DefinitionSchema)

  test('takes what parseDefinition gives', () => {
    expect(validate(parseDefinition({ name: 'n', layers: [output] }))).toBe(true)
  })

  test('leaves what it checks as it was', () => {
    const json = { layers: [{ type: 'Dense', units: 3 }] }
    validate(json)
    expect(json).toEqual({ layers: [{ type: 'Dense', units: 3 }] })
  })

  test('gives one error for one mistake in a layer, not one per layer type', () => {
    validate({ layers: [{ type: 'Dense', units: -1 }] })
    expect(validate.errors).toHaveLength(1)
  })
})
