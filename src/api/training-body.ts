/** A training on the wire. */
import { type Static, Type } from 'typebox'
import type { TrainingRow } from '../store/schema.ts'
import {
  NullableInteger,
  NullableNumber,
  NullableString,
  NullableTime,
  named,
  refTo,
  Time,
  WarningBody,
} from './common.ts'

const MetricValues = Type.Record(Type.String(), NullableNumber)

/** A test may have tables, too. */
const TestValues = Type.Record(
  Type.String(),
  Type.Unsafe<unknown>({
    description:
      'A number; one number per class; a confusion matrix: rows by true class (line) and given class (column)',
    anyOf: [
      { type: ['number', 'null'] },
      { type: 'array', items: { type: ['number', 'null'] } },
      {
        type: 'object',
        required: ['labels', 'matrix'],
        properties: {
          labels: { type: 'array', items: { type: 'string' } },
          matrix: { type: 'array', items: { type: 'array', items: { type: 'integer' } } },
        },
      },
    ],
  }),
)

/** Metrics of the parts of the data; a value that is not a finite number is null. */
export const Metrics = Type.Object({
  train: Type.Optional(MetricValues),
  validation: Type.Optional(MetricValues),
  test: Type.Optional(TestValues),
})

const TrainingFault = Type.Object({ code: Type.String(), detail: Type.String() })
const TrainingStopped = Type.Object({
  reason: Type.String(),
  epoch: Type.Integer({ description: 'The last epoch that ran' }),
  best_epoch: Type.Integer({ description: 'The epoch whose weights were kept' }),
})

export const Training = named(
  'Training',
  Type.Object({
    id: Type.String(),
    model: Type.String(),
    dataset: Type.String(),
    status: Type.String({ examples: ['queued', 'running', 'succeeded', 'failed', 'cancelled'] }),
    epoch: Type.Integer({ description: 'The last epoch that has finished; they count from 1' }),
    epochs: Type.Integer(),
    metrics: Metrics,
    version: NullableInteger,
    error: Type.Union([TrainingFault, Type.Null()]),
    stopped: Type.Union([TrainingStopped, Type.Null()]),
    engine: Type.String(),
    device: NullableString,
    request: Type.Unsafe<unknown>({
      type: 'object',
      additionalProperties: true,
      description: 'With every default told back',
    }),
    warnings: Type.Array(refTo(WarningBody)),
    created_at: Time,
    started_at: NullableTime,
    finished_at: NullableTime,
  }),
)

/** The record of a training as clients see it. */
export function trainingBody(row: TrainingRow): Static<typeof Training> {
  const { id, model, dataset, status, epoch, epochs, metrics, version, error, stopped, engine, device, request } = row
  return {
    id,
    model,
    dataset,
    status,
    epoch,
    epochs,
    metrics,
    version,
    error,
    stopped,
    engine,
    device,
    request,
    warnings: [...row.warnings],
    created_at: row.createdAt.toISOString(),
    started_at: row.startedAt?.toISOString() ?? null,
    finished_at: row.finishedAt?.toISOString() ?? null,
  }
}
