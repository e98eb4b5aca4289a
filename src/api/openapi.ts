/** The OpenAPI 3.1 document, drawn from the routes' schemas, at `/openapi.json`, and its page at `/docs`. */
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'
import { shareSchemas } from './shared-schemas.ts'

const description = `Train and serve neural networks over HTTP.

Upload a dataset, describe a network with Keras' layer names, train it, and ask the published version for predictions.
Every error is a problem (RFC 9457) with a \`code\` and the pointer of each mistake.`

const tags = [
  { name: 'datasets', description: 'Tables to learn from' },
  { name: 'models', description: 'Networks, described with Keras’ layer names and arguments' },
  { name: 'trainings', description: 'Fitting a model to a dataset, in a worker process' },
  { name: 'versions', description: 'What finished trainings published' },
  { name: 'predictions', description: 'Raw values in, labels and probabilities out' },
  { name: 'system', description: 'Health and metrics' },
]

/** Register before the routes: the document is made of those that come after. */
export async function describeApi(app: FastifyInstance): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'fitserve',
        version: '1.0.0',
        description,
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      servers: [{ url: '/' }],
      tags,
    },
    transformObject: (drawn) =>
      'openapiObject' in drawn ? shareSchemas({ ...drawn.openapiObject }) : drawn.swaggerObject,
    refResolver: { buildLocalReference: (json, _base, _fragment, index) => String(json.$id ?? `schema-${index}`) },
  })
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    uiConfig: { docExpansion: 'list', deepLinking: true, tryItOutEnabled: true },
    // The bar above the page only asks for the address of another document.
    theme: { title: 'fitserve API', css: [{ filename: 'fitserve.css', content: '.topbar { display: none }' }] },
  })
  app.get('/openapi.json', { schema: { hide: true } }, () => app.swagger())
}
