/** The problems a user can meet (RFC 9457), one table line each, and the error class that carries them. */

interface ProblemKind {
  readonly status: number
  readonly title: string
}

/** Every problem code of the service: HTTP status and title. `docs/errors.md` explains each one. */
export const problems = {
  // what a request says
  malformed_json: { status: 400, title: 'The body is not JSON' },
  malformed_multipart: { status: 400, title: 'The body is not a multipart form' },
  unsupported_media_type: { status: 415, title: 'The media type is not supported' },
  payload_too_large: { status: 413, title: 'The body is too large' },
  invalid_request: { status: 422, title: 'The request does not have the required form' },
  idempotency_key_reused: { status: 422, title: 'The idempotency key was used with another body' },
  // resources
  route_not_found: { status: 404, title: 'There is no such route' },
  dataset_not_found: { status: 404, title: 'There is no such dataset' },
  model_not_found: { status: 404, title: 'There is no such model' },
  training_not_found: { status: 404, title: 'There is no such training' },
  version_not_found: { status: 404, title: 'There is no such version' },
  model_exists: { status: 409, title: 'A model of this name exists' },
  dataset_in_use: { status: 409, title: 'The dataset is in use' },
  model_in_use: { status: 409, title: 'The model is in use' },
  training_ended: { status: 409, title: 'The training has ended' },
  input_shape_unknown: { status: 409, title: 'The shape of the input is not known yet' },
  model_not_trained: { status: 409, title: 'The model has no version to predict with' },
  // datasets
  invalid_dataset: { status: 422, title: 'The data cannot be read as a table' },
  invalid_column: { status: 422, title: 'A column does not hold what was declared' },
  // definitions
  invalid_definition: { status: 422, title: 'The model definition is not valid' },
  shape_mismatch: { status: 422, title: 'A shape does not fit' },
  // trainings
  unknown_dataset: { status: 422, title: 'The request names a dataset that does not exist' },
  unknown_column: { status: 422, title: 'The dataset has no such column' },
  missing_values: { status: 422, title: 'The data has missing values' },
  invalid_target: { status: 422, title: 'The target cannot be learned' },
  invalid_split: { status: 422, title: 'The data cannot be split this way' },
  loss_mismatch: { status: 422, title: 'The loss does not fit the output or the target' },
  invalid_training: { status: 422, title: 'The training request is not valid' },
  // predictions
  invalid_instance: { status: 422, title: 'An instance does not fit the model' },
  // what ends a training; kept on its record
  loss_not_finite: { status: 500, title: 'The loss is no longer a finite number' },
  training_crashed: { status: 500, title: 'The training process ended unexpectedly' },
  engine_failed: { status: 500, title: 'The numeric engine refused the work' },
  // the service
  not_ready: { status: 503, title: 'The service is not ready' },
  internal: { status: 500, title: 'Something went wrong inside the service' },
} as const satisfies Record<string, ProblemKind>

export type ProblemCode = keyof typeof problems

/** One mistake: where it stands (RFC 6901 pointer into `in`) and what to do about it. */
export interface ProblemPart {
  readonly in: 'body' | 'path' | 'query' | 'header'
  readonly pointer: string
  readonly detail: string
}

/**
 * A fault that the user can understand and mend. `detail` says where, what was expected, what was received, what to do.
 * Across process borders compare `code` (data), never `instanceof`.
 */
export class Problem extends Error {
  override readonly name = 'Problem'
  readonly code: ProblemCode
  readonly detail: string
  readonly errors: readonly ProblemPart[]

  constructor(code: ProblemCode, detail: string, options: { errors?: readonly ProblemPart[]; cause?: unknown } = {}) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.detail = detail
    this.errors = options.errors ?? []
  }

  get status(): number {
    return problems[this.code].status
  }
}

/** A problem with one mistake in the body, at `pointer` (RFC 6901, as `/layers/0/units`). */
export function bodyProblem(code: ProblemCode, pointer: string, detail: string): Problem {
  return new Problem(code, detail, { errors: [{ in: 'body', pointer, detail }] })
}

/** The same problem with every pointer moved below `prefix`, for a caller that knows where the part stands. */
export function withPointerPrefix(problem: Problem, prefix: string): Problem {
  return new Problem(problem.code, problem.detail, {
    errors: problem.errors.map((part) => ({ ...part, pointer: `${prefix}${part.pointer}` })),
    cause: problem.cause,
  })
}

/** Something worth telling that did not stop the work. */
export interface Warning {
  readonly code: string
  readonly pointer: string
  readonly detail: string
}
