import { expect, test } from 'vitest'
import { shareSchemas } from '../../src/api/shared-schemas.ts'

const about = 'x'.repeat(200)
const rate = { type: 'number', description: about }
const layer = (type: string) => ({ type: 'object', properties: { type: { const: type }, learning_rate: rate } })
const route = (schema: unknown) => ({ post: { requestBody: { content: { 'application/json': { schema } } } } })
const at = (name: string) => ({ $ref: `#/components/schemas/${name}` })

test('what stands in two places becomes a component, named after what it is or where it stands', () => {
  const paths = { '/a': route(layer('Dense')), '/b': route(layer('Dense')), '/c': route(layer('Conv')) }
  expect(shareSchemas({ paths })).toEqual({
    paths: {
      '/a': route(at('Dense')),
      '/b': route(at('Dense')),
      '/c': route({ ...layer('Conv'), properties: { type: { const: 'Conv' }, learning_rate: at('learning_rate') } }),
    },
    components: {
      schemas: {
        Dense: { type: 'object', properties: { type: { const: 'Dense' }, learning_rate: at('learning_rate') } },
        learning_rate: rate,
      },
    },
  })
})

test('two schemas of one name are told apart', () => {
  const paths = [layer('Dense'), { ...layer('Dense'), description: 'another' }].flatMap((schema) => [
    route(schema),
    route(schema),
  ])
  const { components } = shareSchemas({ paths: { ...paths } }) as { components: { schemas: object } }
  expect(Object.keys(components.schemas)).toEqual(['Dense', 'learning_rate', 'Dense-2'])
})

test('short schemas, and those that stand in one place, stay where they are', () => {
  const document = { paths: { '/a': route({ type: 'string' }), '/b': route({ type: 'string' }), '/c': route(rate) } }
  expect(shareSchemas(document)).toEqual(document)
})

test('a property that is called type is no schema', () => {
  const properties = { type: { const: 'Dense' }, units: { type: 'integer', description: about } }
  const paths = { '/a': route({ properties }), '/b': route({ properties }) }
  const { components } = shareSchemas({ paths }) as { components: { schemas: object } }
  expect(components.schemas).toEqual({ units: properties.units })
})
