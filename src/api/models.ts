/** Models: a name and a definition in Keras' words, checked and summarized when they are made. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { Problem } from '../errors.ts'
import { formatSummary, type Summary } from '../nn/summary.ts'
import type { Models } from '../serving/models.ts'
import type { ModelRow } from '../store/schema.ts'
import type { Store } from '../store/store.ts'
import {
  ByName,
  IdempotencyHeader,
  NullableInteger,
  PageOf,
  Paging,
  pageOf,
  problemResponse,
  refTo,
  Strict,
} from './common.ts'
import { createOnce } from './idempotency.ts'
import { Model, modelBody } from './model-body.ts'
import { chooseForm } from './negotiate.ts'
import { NewModel, newModelCompiler, readNewModel } from './new-model.ts'
import { buildValidatorCompiler } from './validation.ts'

/** @throws {Problem} input_shape_unknown while no training has bound an open input */
function knownSummary({ name, summary }: ModelRow): Summary {
  if (summary !== null) return summary as Summary // written by modelFacts
  const detail = `model ${name} takes the shape of its input from the data of its first training: train it, or give Input a shape`
  throw new Problem('input_shape_unknown', detail)
}

const SummaryBody = Type.Object({
  layers: Type.Array(
    Type.Object({
      name: Type.String(),
      type: Type.String(),
      output_shape: Type.Array(NullableInteger),
      parameters: Type.Integer(),
      trainable: Type.Boolean(),
      connected_to: Type.Optional(
        Type.Array(Type.String(), { description: 'In a graph: what it takes, as layer[call][output]' }),
      ),
    }),
  ),
  total_parameters: Type.Integer(),
  trainable_parameters: Type.Integer(),
  non_trainable_parameters: Type.Integer(),
})

const summaryForms = { json: 'application/json', text: 'text/plain' } as const
const tags = ['models']

export const modelRoutes: FastifyPluginAsyncTypebox<{ store: Store; models: Models }> = async (
  app,
  { store, models },
) => {
  const create = {
    operationId: 'createModel',
    summary: 'Describe a network: layers by their Keras class names and arguments, or the JSON that Keras wrote',
    tags,
    headers: IdempotencyHeader,
    body: NewModel,
    response: { 201: refTo(Model), ...problemResponse },
  }
  const validatorCompiler = newModelCompiler(app.validatorCompiler ?? buildValidatorCompiler())
  const options = { schema: create, validatorCompiler, config: { bodyProblem: 'invalid_definition' } } as const
  app.post('/models', options, async (request, reply) => {
    const model = await createOnce(store.idempotency, request, async () => {
      const { definition, facts } = readNewModel(request.body)
      return modelBody(await store.models.create({ name: request.body.name, definition, ...facts }))
    })
    return reply.code(201).header('location', `/v1/models/${model.name}`).send(model)
  })

  const list = {
    operationId: 'listModels',
    summary: 'The models, by name',
    tags,
    querystring: Paging,
    response: { 200: PageOf(refTo(Model)), ...problemResponse },
  }
  app.get('/models', { schema: list }, async ({ query }) => {
    const { items, nextCursor } = await store.models.list(pageOf(query))
    return { items: items.map(modelBody), next_cursor: nextCursor }
  })

  const one = {
    operationId: 'getModel',
    summary: 'One model: its definition with every default, its number of parameters',
    tags,
    params: ByName,
    response: { 200: refTo(Model), ...problemResponse },
  }
  app.get('/models/:name', { schema: one }, async ({ params }) => modelBody(await store.models.get(params.name)))

  const table = {
    operationId: 'getModelSummary',
    summary: 'Layers, output shapes and parameters: JSON, or Keras’ table with Accept: text/plain',
    tags,
    params: ByName,
    querystring: Strict({
      format: Type.Optional(
        Type.Unsafe<keyof typeof summaryForms>({ type: 'string', enum: Object.keys(summaryForms) }),
      ),
    }),
    response: {
      200: {
        description: 'The summary',
        content: {
          'application/json': {
            schema: Type.Unsafe<Summary>(SummaryBody),
          },
          'text/plain': { schema: Type.String() },
        },
      },
      ...problemResponse,
    },
  }
  app.get('/models/:name/summary', { schema: table }, async (request, reply) => {
    const summary = knownSummary(await store.models.get(request.params.name))
    const form = chooseForm(request, summaryForms, request.query.format)
    const write = { json: () => summary, text: () => formatSummary(summary, request.params.name) }
    return reply.type(`${summaryForms[form]}; charset=utf-8`).header('vary', 'accept').send(write[form]())
  })

  const remove = {
    operationId: 'deleteModel',
    summary: 'Delete a model with its versions and trainings',
    tags,
    params: ByName,
    response: { 204: Type.Null(), ...problemResponse },
  }
  app.delete('/models/:name', { schema: remove }, async ({ params }, reply) => {
    await store.models.delete(params.name)
    models.forget()
    return reply.code(204).send(null)
  })
}
