/** Published versions of a model: what they were trained to, and their files. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { type Static, Type } from 'typebox'
import { type Target, toSignature } from '../serving/signature.ts'
import { weightsFile } from '../serving/weights.ts'
import type { VersionRow } from '../store/schema.ts'
import type { Store } from '../store/store.ts'
import { ByName, ByVersion, NullableString, named, problemResponse, refTo, Strict, Time } from './common.ts'
import { Metrics } from './training-body.ts'

const targetFields = {
  name: Type.String(),
  kind: Type.String({ examples: ['regression', 'binary', 'multiclass', 'numbers', 'multilabel'] }),
  shape: Type.Optional(Type.Array(Type.Integer(), { description: 'Of a cell of several numbers' })),
  labels: Type.Optional(Type.Array(Type.String())),
}

export const Version = named(
  'Version',
  Type.Object({
    model: Type.String(),
    version: Type.Integer(),
    source: Type.String({ examples: ['training', 'import'] }),
    training: NullableString,
    metrics: Metrics,
    features: Type.Array(
      Type.Object({
        name: Type.String(),
        type: Type.String({ examples: ['number', 'category', 'boolean', 'tensor'] }),
        shape: Type.Optional(Type.Array(Type.Integer(), { description: 'Of a cell of nested lists' })),
        padded: Type.Optional(Type.Boolean({ description: 'Shorter lists are filled up with zeros at their end' })),
        range: Type.Optional(
          Type.Object(
            { min: Type.Integer(), max: Type.Integer() },
            { description: 'Whole numbers, which the model looks up' },
          ),
        ),
        categories: Type.Optional(Type.Array(Type.String())),
        required: Type.Boolean({
          description: 'False where missing values are filled in by the policy of the training',
        }),
      }),
    ),
    target: Type.Object(targetFields),
    targets: Type.Optional(
      Type.Array(Type.Object({ output: Type.String(), ...targetFields }), {
        description: 'Where the model learned several outputs: the target of each; `target` is then the first',
      }),
    ),
    normalizations: Type.Optional(
      Type.Array(
        Type.Object({ layer: Type.String(), mean: Type.Array(Type.Number()), variance: Type.Array(Type.Number()) }),
        { description: 'Mean and variance of the training rows, at each Normalization that has taken them' },
      ),
    ),
    created_at: Time,
  }),
)

function versionBody(row: VersionRow): Static<typeof Version> {
  const { model, version, source, training, metrics, createdAt } = row
  const { features, target, targets, normalizations } = toSignature(row.signature)
  return {
    model,
    version,
    source,
    training,
    metrics,
    features: features.map(({ categories, shape, ...feature }) => ({
      ...feature,
      ...(shape && { shape: [...shape] }),
      ...(categories && { categories: [...categories] }),
    })),
    target: targetBody(target),
    ...(targets && { targets: targets.map(({ output, ...own }) => ({ output, ...targetBody(own) })) }),
    ...(normalizations && {
      normalizations: normalizations.map(({ layer, mean, variance }) => ({
        layer,
        mean: [...mean],
        variance: [...variance],
      })),
    }),
    created_at: createdAt.toISOString(),
  }
}

function targetBody({ name, kind, labels, shape }: Target) {
  return { name, kind, ...(labels && { labels: [...labels] }), ...(shape && { shape: [...shape] }) }
}

/** What a version's file is made of: its row and the served ONNX model. */
const exportForms = {
  onnx: (_row: VersionRow, model: Uint8Array) => model,
  safetensors: (row: VersionRow, model: Uint8Array) =>
    weightsFile(model, toSignature(row.signature).weights, { model: row.model, version: String(row.version) }),
}
type ExportForm = keyof typeof exportForms

export const versionRoutes: FastifyPluginAsyncTypebox<{ store: Store }> = async (app, { store }) => {
  const tags = ['versions']

  const list = {
    operationId: 'listVersions',
    summary: 'The versions of a model, newest first',
    tags,
    params: ByName,
    response: {
      200: Type.Object({ items: Type.Array(refTo(Version)), next_cursor: NullableString }),
      ...problemResponse,
    },
  }
  app.get('/models/:name/versions', { schema: list }, async ({ params }) => ({
    items: (await store.versions.list(params.name)).map(versionBody),
    next_cursor: null,
  }))

  const one = {
    operationId: 'getVersion',
    summary: 'One version: features, target, metrics',
    tags,
    params: ByVersion,
    response: { 200: refTo(Version), ...problemResponse },
  }
  app.get('/models/:name/versions/:version', { schema: one }, async ({ params }) =>
    versionBody(await store.versions.get(params.name, params.version)),
  )

  const file = {
    operationId: 'exportVersion',
    summary: 'The served ONNX model (preprocessing included), or the weights as safetensors',
    tags,
    params: ByVersion,
    querystring: Strict({
      format: Type.Unsafe<ExportForm>({
        type: 'string',
        enum: Object.keys(exportForms),
        default: 'onnx',
      }),
    }),
    response: {
      200: {
        description: 'The file',
        content: {
          'application/octet-stream': { schema: Type.Unsafe<Buffer>({ contentMediaType: 'application/octet-stream' }) },
        },
      },
      ...problemResponse,
    },
  }
  app.get('/models/:name/versions/:version/export', { schema: file }, async ({ params, query }, reply) => {
    const row = await store.versions.get(params.name, params.version)
    const bytes = exportForms[query.format](row, await store.blobs.get(row.blobKey))
    return reply
      .type('application/octet-stream')
      .header('content-disposition', `attachment; filename="${row.model}-v${row.version}.${query.format}"`)
      .send(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
  })
}
