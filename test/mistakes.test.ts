/** The mistakes of a request: pointers, sentences, one mistake for one fault. */
import { Type } from 'typebox'
import { expect, test } from 'vitest'
import { Strict } from '../src/api/common.ts'
import { buildValidatorCompiler } from '../src/api/validation.ts'
import { mistakesOf } from '../src/mistakes.ts'

const Dense = Strict({ type: Type.Literal('Dense'), units: Type.Integer({ minimum: 1 }) })
const Dropout = Strict({ type: Type.Literal('Dropout'), rate: Type.Number({ minimum: 0, exclusiveMaximum: 1 }) })
const Layer = Type.Unsafe({
  type: 'object',
  discriminator: { propertyName: 'type' },
  oneOf: [Dense, Dropout],
  required: ['type'],
})
const Body = Strict({
  name: Type.String({ pattern: '^[a-z]+$' }),
  layers: Type.Array(Layer),
  loss: Type.Optional(
    Type.Union([Type.String(), Strict({ name: Type.String(), delta: Type.Optional(Type.Number()) })]),
  ),
})

const compile = buildValidatorCompiler()

function mistakes(body: unknown, httpPart = 'body', schema: object = Body) {
  const validate = compile({ schema, method: 'POST', url: '/', httpPart })
  if (validate(body) === true) return []
  return mistakesOf((validate as { errors?: Parameters<typeof mistakesOf>[0] }).errors ?? [], 'body')
}

const good = { name: 'a', layers: [{ type: 'Dense', units: 2 }] }

test('a good body has none', () => {
  expect(mistakes(good)).toEqual([])
})

test.each([
  ['a missing key', { layers: [] }, ['/name'], 'name is required'],
  ['an extra key', { ...good, loess: 1 }, ['/loess'], 'loess is not known here; known are name, layers, loss'],
  [
    'a text for a number',
    { ...good, layers: [{ type: 'Dense', units: '8' }] },
    ['/layers/0/units'],
    'layers[0].units must be an integer, received "8"',
  ],
  [
    'a number out of range',
    { ...good, layers: [{ type: 'Dense', units: -2 }] },
    ['/layers/0/units'],
    'layers[0].units must be ≥ 1, received -2',
  ],
  [
    'an unknown tag',
    { ...good, layers: [{ type: 'Denes' }] },
    ['/layers/0/type'],
    'layers[0].type must be one of Dense, Dropout, received "Denes"',
  ],
  ['a missing tag', { ...good, layers: [{ units: 3 }] }, ['/layers/0/type'], 'layers[0].type is required'],
  [
    'a misspelt argument',
    { ...good, layers: [{ type: 'Dense', units: 1, unit: 3 }] },
    ['/layers/0/unit'],
    'layers[0].unit is not known here; known are type, units',
  ],
  ['a pattern', { ...good, name: 'A' }, ['/name'], 'name must match ^[a-z]+$, received "A"'],
  ['no branch of a union', { ...good, loss: 3 }, ['/loss'], 'loss must be a string or an object, received 3'],
  [
    'the meant branch of a union',
    { ...good, loss: { name: 'huber', delta: 'x' } },
    ['/loss/delta'],
    'loss.delta must be a number, received "x"',
  ],
  ['a body of another type', [], [''], 'the body must be an object, received []'],
])('%s is told once, at its own pointer', (_name, body, pointers, detail) => {
  const found = mistakes(body)
  expect(found.map(({ pointer }) => pointer)).toEqual(pointers)
  expect(found[0]?.detail).toContain(detail)
})

test('all mistakes of a body are told together', () => {
  const body = {
    name: '!',
    layers: [
      { type: 'Dense', units: 0 },
      { type: 'Dropout', rate: 1 },
    ],
    more: 1,
  }
  expect(
    mistakes(body)
      .map(({ pointer }) => pointer)
      .sort(),
  ).toEqual(['/layers/0/units', '/layers/1/rate', '/more', '/name'])
})

test('a key with a slash is escaped in the pointer', () => {
  expect(mistakes({ ...good, 'a/b~c': 1 })[0]?.pointer).toBe('/a~1b~0c')
})

test('numbers are read from the text of a query, not from the text of a body', () => {
  const schema = Strict({ limit: Type.Integer() })
  expect(mistakes({ limit: '8' }, 'querystring', schema)).toEqual([])
  expect(mistakes({ limit: '8' }, 'body', schema)).toHaveLength(1)
})
