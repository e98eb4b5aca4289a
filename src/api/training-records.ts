/** What a training leaves to watch: its history as JSON, CSV or a picture, its events, its checkpoints. */
import { Readable } from 'node:stream'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { HistoryRow, TrainingRow } from '../store/schema.ts'
import type { Store } from '../store/store.ts'
import { drawCurves } from './chart.ts'
import { ById, problemResponse, Strict, Time } from './common.ts'
import { curvesOf, historyCsv } from './history.ts'
import { chooseForm } from './negotiate.ts'
import { trainingBody } from './training-body.ts'
import { type EventHub, trainingEvents } from './training-events.ts'

const historyForms = { json: 'application/json', csv: 'text/csv', svg: 'image/svg+xml' } as const
type HistoryForm = keyof typeof historyForms

const History = Type.Object({
  epochs: Type.Array(
    Type.Unsafe<HistoryRow>({
      type: 'object',
      properties: { epoch: { type: 'integer' } },
      additionalProperties: { type: ['number', 'null'] },
      examples: [
        {
          epoch: 1,
          loss: 1.02,
          accuracy: 0.41,
          val_loss: 0.98,
          val_accuracy: 0.5,
          learning_rate: 0.001,
          seconds: 0.01,
        },
      ],
    }),
  ),
})

const lastEventId = 'last-event-id'
const tags = ['trainings']

export const trainingRecordRoutes: FastifyPluginAsyncTypebox<{
  store: Store
  hub: EventHub
  heartbeatMs: number
}> = async (app, { store, hub, heartbeatMs }) => {
  const history = {
    operationId: 'getTrainingHistory',
    summary: 'The epochs so far: JSON, CSV or an SVG picture of the curves',
    tags,
    params: ById,
    querystring: Strict({
      format: Type.Optional(Type.Unsafe<HistoryForm>({ type: 'string', enum: Object.keys(historyForms) })),
    }),
    response: {
      200: {
        description: 'The history; keys as Keras’ History has them',
        content: {
          'application/json': { schema: History },
          'text/csv': { schema: Type.String() },
          'image/svg+xml': { schema: Type.String() },
        },
      },
      ...problemResponse,
    },
  }
  app.get('/trainings/:id/history', { schema: history }, async (request, reply) => {
    const row = await store.trainings.get(request.params.id)
    const epochs = await store.trainings.history(row.id)
    const form = chooseForm(request, historyForms, request.query.format)
    const write = { json: () => ({ epochs }), csv: () => historyCsv(epochs), svg: () => picture(row, epochs) }
    return reply.type(historyForms[form]).header('vary', 'accept').send(write[form]())
  })

  const checkpoints = {
    operationId: 'listCheckpoints',
    summary: 'The checkpoints that are kept: the best epoch and the last',
    tags,
    params: ById,
    response: {
      200: Type.Object({
        items: Type.Array(
          Type.Object({ kind: Type.String({ examples: ['best', 'last'] }), epoch: Type.Integer(), created_at: Time }),
        ),
      }),
      ...problemResponse,
    },
  }
  app.get('/trainings/:id/checkpoints', { schema: checkpoints }, async ({ params }) => {
    const row = await store.trainings.get(params.id)
    const kept = await store.trainings.checkpoints(row.id)
    return {
      items: kept.map(({ kind, info, createdAt }) => ({
        kind,
        epoch: epochOf(info),
        created_at: createdAt.toISOString(),
      })),
    }
  })

  const closing = new AbortController()
  // Streams would keep a graceful stop waiting for ever: they end before the server closes.
  app.addHook('preClose', async () => closing.abort())

  const events = {
    operationId: 'streamTrainingEvents',
    summary: 'Server-sent events: `epoch` (a history row) for each epoch, then one `finished` (the training)',
    description:
      'Resumable with Last-Event-ID. 204 when the training has ended and every event is known to the client.',
    tags,
    params: ById,
    headers: Type.Object({
      [lastEventId]: Type.Optional(
        Type.Integer({ minimum: 0, maximum: 2147483647, description: 'The id of the last event received' }),
      ),
    }),
    response: {
      200: {
        description: 'The stream',
        content: { 'text/event-stream': { schema: Type.Unsafe<Readable>({ type: 'string' }) } },
      },
      204: Type.Null(),
      ...problemResponse,
    },
  }
  app.get('/trainings/:id/events', { schema: events }, async ({ params, headers }, reply) => {
    const row = await store.trainings.get(params.id)
    const after = headers[lastEventId] ?? 0
    // An EventSource reconnects after the last event as after any end; 204 tells it to stop.
    if (row.finishedAt !== null && (await store.trainings.events(row.id, after)).length === 0)
      return reply.code(204).send(null)
    const left = new AbortController()
    reply.raw.once('close', () => left.abort())
    const stream = trainingEvents({
      training: row.id,
      after,
      trainings: store.trainings,
      hub,
      signal: AbortSignal.any([closing.signal, left.signal]),
      heartbeatMs,
      finished: async () => trainingBody(await store.trainings.get(row.id)),
    })
    return reply
      .type('text/event-stream')
      .header('cache-control', 'no-cache')
      .header('x-accel-buffering', 'no')
      .send(Readable.from(stream))
  })
}

function epochOf(info: unknown): number {
  if (typeof info === 'object' && info !== null && 'epoch' in info && typeof info.epoch === 'number') return info.epoch
  throw new Error('a checkpoint was saved without its epoch')
}

function picture(row: TrainingRow, epochs: readonly HistoryRow[]): string {
  const subtitle = `${row.id} · ${row.status} · epoch ${row.epoch} of ${row.epochs}`
  const bestEpoch = row.stopped?.best_epoch ?? null
  return drawCurves(curvesOf(epochs), { title: `Training of ${row.model}`, subtitle, bestEpoch })
}
