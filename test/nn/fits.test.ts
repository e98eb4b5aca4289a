import { Ajv } from 'ajv'
import { expect, test } from 'vitest'
import { definitionForm } from '../../src/nn/definition.ts'
import { fits, keywords } from '../../src/nn/fits.ts'
import { layers } from '../../src/nn/layers/index.ts'
import { TrainingRequest } from '../../src/planning/request.ts'

const validator = new Ajv({ discriminator: true, strict: false })

const tagged = (name: string, argument: string) => ({
  type: 'object',
  additionalProperties: false,
  required: ['name'],
  properties: { name: { enum: [name, `${name}_too`] }, [argument]: { type: 'number' } },
})
const union = {
  anyOf: [
    { type: 'string', enum: ['a', 'b'] },
    {
      type: 'object',
      discriminator: { propertyName: 'name' },
      required: ['name'],
      oneOf: [tagged('a', 'x'), tagged('b', 'y')],
    },
    { type: 'null' },
  ],
}

const values: readonly unknown[] = [
  null,
  true,
  0,
  1,
  -1,
  1.5,
  3,
  '',
  'a',
  'abc',
  '👍👍',
  [],
  [1],
  [1, 1],
  [1, 2, 3],
  [1, 'a'],
  {},
  { name: 'a' },
  { name: 'a_too', x: 1 },
  { name: 'a', y: 1 },
  { name: 'b', y: 'a' },
  { name: 'c' },
  { name: 1 },
  { name: undefined },
]

test.each<readonly [name: string, schema: object]>([
  ['a number', { type: 'number' }],
  ['an integer or nothing', { type: ['integer', 'null'], minimum: 0, maximum: 1, default: null }],
  ['a number between limits', { type: 'number', exclusiveMinimum: 0, exclusiveMaximum: 1.5 }],
  ['true or false', { type: 'boolean', description: 'A switch' }],
  ['a text of a length', { type: 'string', minLength: 1, maxLength: 2 }],
  ['limits of other types', { minimum: 1, minLength: 1, minItems: 1 }],
  ['a constant', { const: 1 }],
  ['a list of integers', { type: 'array', items: { type: 'integer' }, minItems: 1, maxItems: 2 }],
  ['a list without repetition', { type: 'array', items: { type: 'integer' }, uniqueItems: true }],
  ['an object of one form', tagged('a', 'x')],
  ['an object with anything', { type: 'object', additionalProperties: true, examples: [{}] }],
  ['a name, an object of several forms, or nothing', union],
  ['an object of one form with numbers beside', { additionalProperties: { type: 'number' }, properties: { name: {} } }],
  ['an object with something in it', { type: 'object', minProperties: 1 }],
  ['an object whose keys match', { type: 'object', patternProperties: { '^n': { type: 'string' } } }],
  ['anything but a name', { not: { required: ['name'], type: 'object' } }],
  ['a list if it is no object', { if: { type: 'object' }, else: { type: 'array' } }],
  ['a number that is an integer', { allOf: [{ type: 'number' }, { type: 'integer' }] }],
])('%s: what fits is what the validator takes', (_, schema) => {
  const validate = validator.compile(schema)
  expect(values.filter((value) => fits(schema, value))).toEqual(values.filter((value) => validate(value)))
})

test('a schema with a keyword that is not known certainly fits nothing', () => {
  const unknown = { multipleOf: 2 }
  const schemas = [unknown, { not: unknown }, { if: unknown }, { anyOf: [unknown] }, { oneOf: [{ type: 'number' }] }]
  expect(schemas.map((schema) => [fits(schema, 3), fits(schema, 4)])).toEqual(schemas.map(() => [false, false]))
})

/** All keywords of a schema and of the schemas inside of it. */
function keywordsOf(schema: object): string[] {
  return Object.entries(schema).flatMap(([keyword, value]) => [
    keyword,
    ...innerSchemas(keyword, value).flatMap(keywordsOf),
  ])
}

function innerSchemas(keyword: string, value: object): object[] {
  if (keyword === 'properties' || keyword === 'patternProperties') return Object.values(value)
  const isInner = ['items', 'anyOf', 'oneOf', 'allOf', 'not', 'if', 'else', 'additionalProperties'].includes(keyword)
  return isInner ? [value].flat().filter((one) => typeof one === 'object') : []
}

test('every keyword of definitions and trainings is known, so that one without mistakes needs no validator', () => {
  const schemas = [
    ...Object.values(layers).map(({ config }) => config),
    ...Object.values(definitionForm),
    TrainingRequest,
  ]
  const used = new Set(schemas.flatMap(keywordsOf))
  expect([...used].filter((keyword) => !Object.hasOwn(keywords, keyword))).toEqual([])
})
