/** Online predictions: raw values in, labels and probabilities (or a number) out. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { NestedAnswer } from '../serving/answers.ts'
import type { Models } from '../serving/models.ts'
import {
  ByName,
  ByVersion,
  NullableNumber,
  NullableString,
  named,
  problemResponse,
  refTo,
  Strict,
  Warnings,
} from './common.ts'
import type { Metrics } from './metrics.ts'

const PredictionRequest = Strict({
  instances: Type.Array(
    // Each field is checked against the version's own signature, so that its pointer and its policy can be told.
    Type.Unsafe<unknown>({
      description:
        'An object of raw values by feature name, or a row of values in the order of the features; a model whose only feature holds nested lists takes them as they are, too',
      examples: [{ sepal_length: 5.1, sepal_width: 3.5, petal_length: 1.4, petal_width: 0.2 }, [5.1, 3.5, 1.4, 0.2]],
    }),
    { minItems: 1 },
  ),
})

/** Of a target with several numbers per row. */
const NumbersInLists = Type.Unsafe<NestedAnswer>({
  type: 'array',
  items: {},
  description: 'Nested lists of numbers in the shape of a cell; null for a number that is not finite',
})

const answers = [
  Type.Object({ label: NullableString, probabilities: Type.Record(Type.String(), NullableNumber) }),
  Type.Object({ value: NullableNumber }),
  Type.Object({ value: Type.Union([NumbersInLists, Type.Null()]), probabilities: Type.Optional(NumbersInLists) }),
] as const

export const Prediction = named(
  'Prediction',
  Type.Object({
    model: Type.String(),
    version: Type.Integer(),
    predictions: Type.Array(
      Type.Union([
        ...answers,
        Type.Object(
          { outputs: Type.Record(Type.String(), Type.Union([...answers])) },
          { description: 'Of a model that learned several outputs: the answer of each by its name' },
        ),
      ]),
    ),
    warnings: Warnings,
  }),
)

export const predictionRoutes: FastifyPluginAsyncTypebox<{
  models: Models
  metrics: Metrics
  uploadLimitBytes: number
}> = async (app, { models, metrics, uploadLimitBytes }) => {
  const predict = async (name: string, version: number | null, instances: readonly unknown[]) => {
    const startedMs = performance.now()
    const prediction = await models.predict(name, version, instances)
    metrics.predicted(name, instances.length, (performance.now() - startedMs) / 1000)
    return prediction
  }
  // An answer is built here, key by key, and its objects are maps of labels: a schema's serializer has nothing to add.
  const serializerCompiler = () => JSON.stringify
  // One photograph as JSON is larger than the usual limit of a body.
  const route = { serializerCompiler, bodyLimit: uploadLimitBytes }
  const shared = {
    tags: ['predictions'],
    body: PredictionRequest,
    response: { 200: refTo(Prediction), ...problemResponse },
  }

  const newest = { ...shared, operationId: 'predict', summary: 'Predict with the newest version', params: ByName }
  app.post('/models/:name/predict', { schema: newest, ...route }, async ({ params, body }, reply) =>
    reply.send(await predict(params.name, null, body.instances)),
  )

  const pinned = {
    ...shared,
    operationId: 'predictWithVersion',
    summary: 'Predict with one version',
    params: ByVersion,
  }
  app.post('/models/:name/versions/:version/predict', { schema: pinned, ...route }, async ({ params, body }, reply) =>
    reply.send(await predict(params.name, params.version, body.instances)),
  )
}
