/** The training request: its form on the wire, and the same with every default told back. */
import { Ajv, type ValidateFunction } from 'ajv'
import { type Static, Type } from 'typebox'
import { type Preprocessing, preprocessings } from '../data/encoders/encoder.ts'
import { type MissingPolicy, missingPolicies } from '../data/missing-values.ts'
import { Problem } from '../errors.ts'
import { mistakesOf, summarizeMistakes } from '../mistakes.ts'
import { fits } from '../nn/fits.ts'
import { LossSchema } from '../nn/losses/index.ts'
import { MetricSchema } from '../nn/metrics/index.ts'
import type { Given, NamedConfig } from '../nn/named.ts'
import { OptimizerSchema } from '../nn/optimizers/index.ts'
import type { OptimizerConfig } from '../nn/optimizers/optimizer.ts'
import { ReduceLrOnPlateau, type ResolvedPlateau } from './plateau.ts'
import type { ResolvedSplit } from './split.ts'

const Share = Type.Number({ minimum: 0, maximum: 1 })

const PreprocessingWord = Type.Unsafe<Preprocessing>({ type: 'string', enum: [...preprocessings] })

/** A policy for one column; `constant` may say its value. */
export type GivenPolicy = MissingPolicy | { readonly name: 'constant'; readonly value: number | string | boolean }

const PolicyWord = Type.Unsafe<MissingPolicy>({ type: 'string', enum: [...missingPolicies] })
const ColumnPolicy = Type.Unsafe<GivenPolicy>({
  anyOf: [
    PolicyWord,
    {
      type: 'object',
      additionalProperties: false,
      required: ['name', 'value'],
      properties: { name: { const: 'constant' }, value: { type: ['number', 'string', 'boolean'] } },
    },
  ],
})

const Split = Type.Object(
  {
    train: Type.Optional(Share),
    validation: Type.Optional(Share),
    test: Type.Optional(Share),
    stratify: Type.Optional(
      Type.Unsafe<boolean | string>({
        type: ['boolean', 'string'],
        description:
          'Every class in its shares; default: for classes. The name of an output: its classes, where several have some (default: the first)',
      }),
    ),
    shuffle: Type.Optional(Type.Boolean({ description: 'False takes the rows in their order; default: as shuffle' })),
  },
  { additionalProperties: false, description: 'Shares of the rows; they add up to 1, a part may be 0' },
)

/** An object by output, not a loss with its arguments, which has a name; asked with `if`, so that each form has its own mistakes. */
const byOutput = { type: 'object', minProperties: 1, not: { required: ['name'] } }

const FeatureNames = Type.Array(Type.String(), { minItems: 1 })

/** What `POST /v1/models/{name}/trainings` takes. Everything but the dataset and the target has a default. */
export const TrainingRequest = Type.Object(
  {
    dataset: Type.String({ minLength: 1, examples: ['ds_01JX3K8V5W9Q2M4N6P8R0S2T4V'] }),
    features: Type.Optional(
      Type.Unsafe<readonly string[] | Readonly<Record<string, readonly string[]>>>({
        anyOf: [FeatureNames, { type: 'object', minProperties: 1, additionalProperties: FeatureNames }],
        description:
          'In the order of the model input; default: all other columns. For a model with several inputs an object: the columns of each by its name',
      }),
    ),
    target: Type.Optional(
      Type.Unsafe<string | Readonly<Record<string, string>>>({
        anyOf: [{ type: 'string' }, { type: 'object', minProperties: 1, additionalProperties: { type: 'string' } }],
        description:
          'May be left out where a column of the dataset has the role target. For a model with several outputs an object: the column of each by its name',
      }),
    ),
    preprocessing: Type.Optional(
      Type.Unsafe<Preprocessing | Readonly<Record<string, Preprocessing>>>({
        anyOf: [PreprocessingWord, { type: 'object', additionalProperties: PreprocessingWord }],
        description: 'One word for all columns, or one per column',
      }),
    ),
    missing_values: Type.Optional(
      Type.Unsafe<MissingPolicy | Readonly<Record<string, GivenPolicy>>>({
        anyOf: [PolicyWord, { type: 'object', additionalProperties: ColumnPolicy }],
        description: 'One policy for all columns, or one per column; default: error',
      }),
    ),
    split: Type.Optional(Split),
    loss: Type.Optional(
      Type.Unsafe<Given | Readonly<Record<string, Given>>>({
        allOf: [
          { if: byOutput, else: LossSchema },
          { if: { not: byOutput }, else: { type: 'object', additionalProperties: LossSchema } },
        ],
        description: 'By name, or an object with name and arguments; for several outputs also an object by output',
      }),
    ),
    loss_weights: Type.Optional(
      Type.Record(Type.String(), Type.Number({ minimum: 0 }), {
        description: 'What the loss of each output counts in the total, by the name of the output; default: 1',
      }),
    ),
    class_weight: Type.Optional(
      Type.Unsafe<'balanced' | Readonly<Record<string, number>> | null>({
        anyOf: [
          { type: 'string', enum: ['balanced'] },
          { type: 'object', additionalProperties: { type: 'number', minimum: 0 }, examples: [{ cat: 1, dog: 2.5 }] },
          { type: 'null' },
        ],
        description:
          'What rows weigh in the training loss by the label of their class (1 where it is left out), or balanced: rare classes weigh more',
      }),
    ),
    sample_weight: Type.Optional(
      Type.Unsafe<string | null>({
        anyOf: [{ type: 'string' }, { type: 'null' }],
        description: 'The column with what each row weighs in the loss, also in validation and test; it is no feature',
      }),
    ),
    optimizer: Type.Optional(OptimizerSchema),
    metrics: Type.Optional(
      Type.Unsafe<readonly Given[] | Readonly<Record<string, readonly Given[]>>>({
        allOf: [
          { if: { type: 'object' }, else: Type.Array(MetricSchema) },
          { if: { not: { type: 'object' } }, else: { additionalProperties: Type.Array(MetricSchema) } },
        ],
        description: 'A list; for several outputs one for all, or an object with the list of each',
      }),
    ),
    reduce_lr_on_plateau: Type.Optional(
      Type.Unsafe<Static<typeof ReduceLrOnPlateau> | null>({ anyOf: [ReduceLrOnPlateau, { type: 'null' }] }),
    ),
    epochs: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000 })),
    batch_size: Type.Optional(Type.Integer({ minimum: 1, maximum: 2 ** 31 - 1 })),
    shuffle: Type.Optional(Type.Boolean({ description: 'Other batches in every epoch; default: true' })),
    seed: Type.Optional(Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })),
    device: Type.Optional(Type.Unsafe<Device>({ type: 'string', enum: ['auto', 'cpu', 'cuda', 'webgpu'] })),
    engine: Type.Optional(
      Type.Unsafe<Engine>({
        type: 'string',
        enum: ['onnxruntime', 'tensorflow'],
        description: 'What trains; default: onnxruntime. tensorflow is TensorFlow.js, which knows fewer layers',
      }),
    ),
  },
  { additionalProperties: false },
)
export type TrainingRequest = Static<typeof TrainingRequest>

export type Engine = 'onnxruntime' | 'tensorflow'

export type Device = 'auto' | 'cpu' | 'cuda' | 'webgpu'

/** A request with every default told back; asked again, it gives the same plan. */
export type ResolvedRequest = {
  readonly dataset: string
  readonly features: readonly string[] | Readonly<Record<string, readonly string[]>>
  readonly target: string | Readonly<Record<string, string>>
  readonly preprocessing: Readonly<Record<string, Preprocessing>>
  readonly missing_values: MissingPolicy | Readonly<Record<string, GivenPolicy>>
  readonly split: ResolvedSplit
  readonly loss: NamedConfig | Readonly<Record<string, NamedConfig>>
  /** Of several outputs. */
  readonly loss_weights?: Readonly<Record<string, number>>
  readonly class_weight: 'balanced' | Readonly<Record<string, number>> | null
  readonly sample_weight: string | null
  readonly optimizer: OptimizerConfig
  readonly metrics: readonly Given[] | Readonly<Record<string, readonly Given[]>>
  readonly reduce_lr_on_plateau: ResolvedPlateau | null
  readonly epochs: number
  readonly batch_size: number
  readonly shuffle: boolean
  readonly seed: number
  readonly device: Device
  readonly engine: Engine
}

let compiled: ValidateFunction<TrainingRequest> | null = null

/** Compiled for the first request with a mistake: that takes half a second. */
function validator(): ValidateFunction<TrainingRequest> {
  compiled ??= new Ajv({
    allErrors: true,
    allowUnionTypes: true,
    discriminator: true,
    strict: false, // `examples` and `description` are for people
    verbose: true,
  }).compile<TrainingRequest>(TrainingRequest)
  return compiled
}

const isRequest = (json: unknown): json is TrainingRequest => fits(TrainingRequest, json)

/** Checks the form of a request. @throws {Problem} invalid_training with every mistake and its pointer */
export function parseTrainingRequest(json: unknown): TrainingRequest {
  if (isRequest(json)) return json
  const validate = validator()
  if (validate(json)) return json
  const errors = mistakesOf(validate.errors ?? [], 'body')
  throw new Problem('invalid_training', summarizeMistakes(errors), { errors })
}
