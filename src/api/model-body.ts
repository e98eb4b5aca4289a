/** A model on the wire, and the facts about it that are kept with its definition. */
import { type Static, Type } from 'typebox'
import type { Model as BuiltModel } from '../nn/model.ts'
import { type Summary, summarize } from '../nn/summary.ts'
import type { ModelRow } from '../store/schema.ts'
import { NullableInteger, named, Time } from './common.ts'

export const Model = named(
  'Model',
  Type.Object({
    name: Type.String(),
    definition: Type.Unsafe<unknown>({ type: 'object', additionalProperties: true }),
    total_parameters: NullableInteger,
    trainable_parameters: NullableInteger,
    created_at: Time,
  }),
)

export function modelBody(row: ModelRow): Static<typeof Model> {
  return {
    name: row.name,
    definition: row.definition,
    total_parameters: row.totalParameters,
    trainable_parameters: row.trainableParameters,
    created_at: row.createdAt.toISOString(),
  }
}

export type ModelFacts = Pick<ModelRow, 'totalParameters' | 'trainableParameters' | 'summary'>

/** Of a model whose input is open, until its first training binds it. */
export const unknownFacts: ModelFacts = { totalParameters: null, trainableParameters: null, summary: null }

export function modelFacts(model: BuiltModel): ModelFacts {
  return factsOf(summarize(model))
}

export function factsOf(summary: Summary): ModelFacts {
  return { totalParameters: summary.total_parameters, trainableParameters: summary.trainable_parameters, summary }
}
