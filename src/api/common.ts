/** What the routes share: strict objects, named schemas, the problem body, pages and path parameters. */
import { type Static, type TProperties, type TSchema, type TUnsafe, Type } from 'typebox'

/** An object that refuses keys it does not know, so that a misspelt argument is told and not dropped. */
export function Strict<P extends TProperties>(properties: P, options: { description?: string; $id?: string } = {}) {
  return Type.Object(properties, { additionalProperties: false, ...options })
}

/** A schema that `/openapi.json` shows once, by name, and refers to everywhere else. */
export function refTo<T extends TSchema & { $id: string }>(schema: T): TUnsafe<Static<T>> {
  return Type.Unsafe<Static<T>>({ $ref: `${schema.$id}#` })
}

/** Gives a schema the name that `/openapi.json` lists it under. */
export function named<T extends TSchema, N extends string>($id: N, schema: T): T & { $id: N } {
  return { ...schema, $id }
}

/** A number, or null where it is missing, not finite, or not known yet. */
export const NullableNumber = Type.Unsafe<number | null>({ type: ['number', 'null'] })
export const NullableInteger = Type.Unsafe<number | null>({ type: ['integer', 'null'] })
export const NullableString = Type.Unsafe<string | null>({ type: ['string', 'null'] })
export const NullableTime = Type.Unsafe<string | null>({ type: ['string', 'null'], format: 'date-time' })
export const Time = Type.String({ format: 'date-time' })

export const WarningBody = named(
  'Warning',
  Type.Object({ code: Type.String(), pointer: Type.String(), detail: Type.String() }),
)
export const Warnings = Type.Array(refTo(WarningBody), { description: 'Worth knowing; none of it stopped the work' })

/** RFC 9457 with our extension members; `error` repeats `detail` for clients of other protocols. */
export const ProblemBody = named(
  'Problem',
  Type.Object({
    type: Type.String({ examples: ['/problems/invalid_request'] }),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String(),
    instance: Type.String(),
    code: Type.String({ examples: ['invalid_request'] }),
    error: Type.String({ description: 'The same as detail' }),
    errors: Type.Array(
      Type.Object({
        in: Type.String({ examples: ['body', 'path', 'query', 'header'] }),
        pointer: Type.String({ examples: ['/layers/0/units'] }),
        detail: Type.String(),
      }),
    ),
  }),
)

/** The answer of every route that is not a success, for a route's `response` table. */
export const problemResponse = {
  default: {
    description: 'A problem (RFC 9457)',
    content: { 'application/problem+json': { schema: refTo(ProblemBody) } },
  },
} as const

/** The pattern of a model's name: safe in every path, so that no name can be made and not called. */
export const modelNamePattern = '^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$'

export const ById = Type.Object({ id: Type.String({ examples: ['tr_01jx3k8v5w9q2m4n6p8r0s2t4v'] }) })
export const ByName = Type.Object({ name: Type.String({ examples: ['iris'] }) })
export const ByVersion = Type.Object({
  name: Type.String(),
  version: Type.Integer({ minimum: 1, maximum: 2147483647 }),
})

export const Paging = Strict({
  limit: Type.Integer({ minimum: 1, maximum: 500, default: 50 }),
  cursor: Type.Optional(Type.String({ maxLength: 512, description: 'next_cursor of the page before' })),
})

/** A page of a list: the items, and the cursor of the next page or null. */
export function PageOf<T extends TSchema>(item: T) {
  return Type.Object({ items: Type.Array(item), next_cursor: NullableString })
}

/** The repositories take `cursor` as a string or null. */
export function pageOf(query: { limit: number; cursor?: string }): { limit: number; cursor: string | null } {
  return { limit: query.limit, cursor: query.cursor ?? null }
}

export const IdempotencyHeader = Type.Object({
  'idempotency-key': Type.Optional(
    Type.String({ minLength: 1, maxLength: 255, description: 'The same key and body again answers as the first time' }),
  ),
})
