/** Datasets: uploaded as a file or as JSON, described, looked into, deleted. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { type Static, Type } from 'typebox'
import { tableFromBytes, tableToBytes } from '../data/codec.ts'
import { ColumnOverrideSchema, type ColumnOverrides } from '../data/columns.ts'
import { pointer } from '../data/pointer.ts'
import { readTable, tableFromJson } from '../data/readers/read-table.ts'
import type { ReadTable } from '../data/readers/reader.ts'
import { statistics } from '../data/statistics.ts'
import { cellValue, type Table } from '../data/table.ts'
import { bodyProblem } from '../errors.ts'
import { newId } from '../store/ids.ts'
import type { DatasetRow } from '../store/schema.ts'
import type { Store } from '../store/store.ts'
import {
  ById,
  IdempotencyHeader,
  NullableString,
  PageOf,
  Paging,
  pageOf,
  problemResponse,
  refTo,
  Strict,
} from './common.ts'
import { Dataset, datasetBody } from './dataset-body.ts'
import { createOnce } from './idempotency.ts'
import { FilePart, readForm } from './upload.ts'

const Name = Type.String({ minLength: 1, maxLength: 200 })
const Overrides = Type.Record(Type.String(), ColumnOverrideSchema, {
  description: 'Type and role of a column, where the inferred ones are not wanted',
})

const DatasetForm = Strict({
  file: FilePart,
  name: Type.Optional(Name),
  format: Type.Optional(Type.String({ description: 'csv or json; found from the content when left out' })),
  columns: Type.Optional(Overrides),
})

const DatasetJson = Strict({
  name: Type.Optional(Name),
  rows: Type.Optional(
    Type.Array(Type.Unsafe<unknown>({}), {
      examples: [[{ size: 1.5, color: 'red' }]],
      description: 'Objects by column name',
    }),
  ),
  columns: Type.Optional(
    Type.Record(Type.String(), Type.Union([Type.Array(Type.Unsafe<unknown>({})), ColumnOverrideSchema]), {
      description: 'Without rows: the values of each column. With rows: overrides of type and role',
    }),
  ),
})

type DatasetRequest = Static<typeof DatasetForm> | Static<typeof DatasetJson>

/** Reads what was sent, a file or JSON, as a table. @throws {Problem} invalid_dataset, invalid_column and more */
async function readRequest(body: DatasetRequest): Promise<ReadTable> {
  if ('file' in body) {
    return readTable(body.file.bytes, {
      ...(body.format !== undefined && { format: body.format }),
      ...(body.columns && { columns: body.columns }),
    })
  }
  if (body.rows === undefined) return tableFromJson({ columns: body.columns })
  return tableFromJson({ rows: body.rows }, { columns: overridesOf(body.columns ?? {}) })
}

function overridesOf(columns: NonNullable<Static<typeof DatasetJson>['columns']>): ColumnOverrides {
  const overrides: ColumnOverrides[string][] = []
  const names = Object.keys(columns)
  for (const name of names) {
    const override = columns[name]
    if (override === undefined || Array.isArray(override)) {
      const detail = `columns.${name} must be an override, as { "type": "number" }: the values are in rows`
      throw bodyProblem('invalid_request', pointer('columns', name), detail)
    }
    overrides.push(override)
  }
  return Object.fromEntries(names.map((name, index) => [name, overrides[index] ?? {}]))
}

/** Keeps a table: its blob first, then its row, so that no row is without its blob. */
async function keepDataset(store: Store, body: DatasetRequest): Promise<DatasetRow> {
  const { table, format, columns, warnings, dialect } = await readRequest(body)
  const id = newId('ds')
  const blobKey = `datasets/${id}.table`
  await store.blobs.put(blobKey, tableToBytes(table))
  return store.datasets.create({
    id,
    name: body.name ?? ('file' in body ? body.file.filename : null),
    format,
    rowCount: table.rowCount,
    columns,
    warnings,
    settings: { dialect, ...('file' in body && body.columns && { columns: body.columns }) },
    blobKey,
  })
}

/** Rows as JSON says them, from `start`. */
function rowsOf(table: Table, start: number, limit: number): Record<string, unknown>[] {
  const count = Math.max(0, Math.min(limit, table.rowCount - start))
  return Array.from({ length: count }, (_, at) =>
    Object.fromEntries(table.columns.map((column) => [column.name, cellValue(column, start + at)])),
  )
}

const tags = ['datasets']

export const datasetRoutes: FastifyPluginAsyncTypebox<{ store: Store; uploadLimitBytes: number }> = async (
  app,
  { store, uploadLimitBytes },
) => {
  const loadTable = async (id: string) => tableFromBytes(await store.blobs.get((await store.datasets.get(id)).blobKey))

  const create = {
    operationId: 'createDataset',
    summary: 'Upload a table: a CSV or JSON file, or rows or columns as JSON',
    tags,
    headers: IdempotencyHeader,
    body: {
      content: { 'multipart/form-data': { schema: DatasetForm }, 'application/json': { schema: DatasetJson } },
    },
    response: { 201: refTo(Dataset), ...problemResponse },
  } as const
  const options = { schema: create, bodyLimit: uploadLimitBytes, preValidation: readForm(['columns']) }
  app.post('/datasets', options, async (request, reply) => {
    const dataset = await createOnce(store.idempotency, request, async () =>
      // Validated by the schema of its media type; Fastify's types do not join the two.
      datasetBody(await keepDataset(store, request.body as DatasetRequest)),
    )
    return reply.code(201).header('location', `/v1/datasets/${dataset.id}`).send(dataset)
  })

  const list = {
    operationId: 'listDatasets',
    summary: 'The datasets, newest first',
    tags,
    querystring: Paging,
    response: { 200: PageOf(refTo(Dataset)), ...problemResponse },
  }
  app.get('/datasets', { schema: list }, async ({ query }) => {
    const { items, nextCursor } = await store.datasets.list(pageOf(query))
    return { items: items.map(datasetBody), next_cursor: nextCursor }
  })

  const one = {
    operationId: 'getDataset',
    summary: 'One dataset: its columns, their types and missing values',
    tags,
    params: ById,
    response: { 200: refTo(Dataset), ...problemResponse },
  }
  app.get('/datasets/:id', { schema: one }, async ({ params }) => datasetBody(await store.datasets.get(params.id)))

  const numbers = {
    operationId: 'getDatasetStatistics',
    summary: 'Per column: count, missing, mean, std, min, quartiles, max, histogram, categories',
    tags,
    params: ById,
    response: {
      200: Type.Unsafe<unknown>({ type: 'object', additionalProperties: true }),
      ...problemResponse,
    },
  }
  app.get('/datasets/:id/statistics', { schema: numbers }, async ({ params }) => statistics(await loadTable(params.id)))

  const rows = {
    operationId: 'listDatasetRows',
    summary: 'The rows in the order of the upload; a missing cell is null',
    tags,
    params: ById,
    querystring: Strict({
      limit: Type.Integer({ minimum: 1, maximum: 1000, default: 50 }),
      cursor: Type.Integer({ minimum: 0, default: 0, description: 'next_cursor of the page before' }),
    }),
    response: {
      200: Type.Object({
        items: Type.Array(Type.Unsafe<Record<string, unknown>>({ type: 'object', additionalProperties: true })),
        next_cursor: NullableString,
      }),
      ...problemResponse,
    },
  }
  app.get('/datasets/:id/rows', { schema: rows }, async ({ params, query }) => {
    const table = await loadTable(params.id)
    const next = query.cursor + query.limit
    return {
      items: rowsOf(table, query.cursor, query.limit),
      next_cursor: next < table.rowCount ? String(next) : null,
    }
  })

  const remove = {
    operationId: 'deleteDataset',
    summary: 'Delete a dataset that no training at work needs',
    tags,
    params: ById,
    response: { 204: Type.Null(), ...problemResponse },
  }
  app.delete('/datasets/:id', { schema: remove }, async ({ params }, reply) => {
    await store.datasets.delete(params.id)
    return reply.code(204).send(null)
  })
}
