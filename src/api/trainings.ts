/** Trainings: asked for, listed, cancelled. Watching one is in training-records.ts. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { tableFromBytes } from '../data/codec.ts'
import type { ColumnInfo } from '../data/columns.ts'
import { bodyProblem } from '../errors.ts'
import type { Definition } from '../nn/definition.ts'
import { planTraining } from '../planning/plan.ts'
import { TrainingRequest } from '../planning/request.ts'
import type { TrainingQueue } from '../queue/training-queue.ts'
import { newId } from '../store/ids.ts'
import { type DatasetRow, type TrainingStatus, trainingStatuses } from '../store/schema.ts'
import type { Store } from '../store/store.ts'
import { ById, ByName, IdempotencyHeader, PageOf, Paging, pageOf, problemResponse, refTo, Strict } from './common.ts'
import { createOnce } from './idempotency.ts'
import { modelFacts } from './model-body.ts'
import { Training, trainingBody } from './training-body.ts'

const TrainingFilter = Strict({
  ...Paging.properties,
  model: Type.Optional(Type.String()),
  status: Type.Optional(Type.Unsafe<TrainingStatus>({ type: 'string', enum: [...trainingStatuses] })),
})

const tags = ['trainings']

export const trainingRoutes: FastifyPluginAsyncTypebox<{ store: Store; queue: TrainingQueue }> = async (
  app,
  { store, queue },
) => {
  const create = {
    operationId: 'createTraining',
    summary: 'Train a model on a dataset',
    description: 'The request is checked whole before it is queued. Everything but dataset and target has a default.',
    tags,
    params: ByName,
    headers: IdempotencyHeader,
    body: TrainingRequest,
    response: { 202: refTo(Training), ...problemResponse },
  }
  app.post(
    '/models/:name/trainings',
    { schema: create, config: { bodyProblem: 'invalid_training' } },
    async (request, reply) => {
      const training = await createOnce(store.idempotency, request, async () => {
        const model = await store.models.get(request.params.name)
        const dataset = await namedDataset(store, request.body.dataset)
        const table = tableFromBytes(await store.blobs.get(dataset.blobKey))
        const plan = planTraining({
          definition: model.definition as Definition, // parsed when the model was made
          table,
          columns: dataset.columns as ColumnInfo[], // as the data room described them
          request: request.body,
        })
        const row = await store.trainings.create({
          id: newId('tr'),
          model: model.name,
          dataset: dataset.id,
          epochs: plan.epochs,
          request: plan.request,
          engine: plan.request.engine,
          warnings: [...plan.warnings],
        })
        if (model.summary === null) await store.models.describe(model.name, modelFacts(plan.model))
        await queue.add(row.id)
        return trainingBody(row)
      })
      return reply.code(202).header('location', `/v1/trainings/${training.id}`).send(training)
    },
  )

  const list = {
    operationId: 'listTrainings',
    summary: 'The trainings, newest first',
    tags,
    querystring: TrainingFilter,
    response: { 200: PageOf(refTo(Training)), ...problemResponse },
  }
  app.get('/trainings', { schema: list }, async ({ query }) => {
    const { items, nextCursor } = await store.trainings.list({
      ...pageOf(query),
      model: query.model,
      status: query.status,
    })
    return { items: items.map(trainingBody), next_cursor: nextCursor }
  })

  const one = {
    operationId: 'getTraining',
    summary: 'One training: status, metrics, the request with its defaults',
    tags,
    params: ById,
    response: { 200: refTo(Training), ...problemResponse },
  }
  app.get('/trainings/:id', { schema: one }, async ({ params }) => trainingBody(await store.trainings.get(params.id)))

  const cancel = {
    operationId: 'cancelTraining',
    summary: 'End a training: a queued one at once, a running one after the work at hand',
    tags,
    params: ById,
    response: { 202: refTo(Training), ...problemResponse },
  }
  app.post('/trainings/:id/cancel', { schema: cancel }, async ({ params }, reply) => {
    const row = await store.trainings.requestCancel(params.id)
    if (row.status === 'cancelled') await queue.remove(row.id, row.attempt)
    return reply.code(202).header('location', `/v1/trainings/${row.id}`).send(trainingBody(row))
  })
}

/** @throws {Problem} unknown_dataset: the body names it, so that the fault is the body's */
async function namedDataset(store: Store, id: string): Promise<DatasetRow> {
  const dataset = await store.datasets.find(id)
  if (dataset !== null) return dataset
  const detail = `dataset: there is no dataset ${JSON.stringify(id)}; GET /v1/datasets lists them`
  throw bodyProblem('unknown_dataset', '/dataset', detail)
}
