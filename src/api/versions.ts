/** Published versions of a model: what they were trained to, and their files. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { type Static, Type } from 'typebox'
import { Problem } from '../errors.ts'
import { toSignature } from '../serving/signature.ts'
import type { VersionRow } from '../store/schema.ts'
import type { Store } from '../store/store.ts'
import { ByName, ByVersion, NullableString, named, problemResponse, refTo, Strict, Time } from './common.ts'
import { Metrics } from './training-body.ts'

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
        type: Type.String({ examples: ['number', 'category', 'boolean'] }),
        categories: Type.Optional(Type.Array(Type.String())),
        required: Type.Boolean({
          description: 'False where missing values are filled in by the policy of the training',
        }),
      }),
    ),
    target: Type.Object({
      name: Type.String(),
      kind: Type.String({ examples: ['regression', 'binary', 'multiclass'] }),
      labels: Type.Optional(Type.Array(Type.String())),
    }),
    created_at: Time,
  }),
)

function versionBody(row: VersionRow): Static<typeof Version> {
  const { model, version, source, training, metrics, createdAt } = row
  const { features, target } = toSignature(row.signature)
  return {
    model,
    version,
    source,
    training,
    metrics,
    features: features.map(({ categories, ...feature }) => ({
      ...feature,
      ...(categories && { categories: [...categories] }),
    })),
    target: { name: target.name, kind: target.kind, ...(target.labels && { labels: [...target.labels] }) },
    created_at: createdAt.toISOString(),
  }
}

const exportForms = {
  onnx: { extension: 'onnx', keyOf: (row: VersionRow) => row.blobKey },
  safetensors: { extension: 'safetensors', keyOf: (row: VersionRow) => toSignature(row.signature).weights },
} satisfies Record<string, { extension: string; keyOf: (row: VersionRow) => string | undefined }>

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
      format: Type.Unsafe<keyof typeof exportForms>({
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
    const { extension, keyOf } = exportForms[query.format]
    const key = keyOf(row)
    if (key === undefined) throw noFile(row, query.format)
    const bytes = await store.blobs.get(key)
    return reply
      .type('application/octet-stream')
      .header('content-disposition', `attachment; filename="${row.model}-v${row.version}.${extension}"`)
      .send(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
  })
}

function noFile(row: VersionRow, format: string): Problem {
  const detail = `version ${row.version} of ${row.model} has no ${format} file; format=onnx is there for every version`
  return new Problem('version_not_found', detail, { errors: [{ in: 'query', pointer: '/format', detail }] })
}
