/** Problem details (RFC 9457) for everything that goes wrong: one error handler, one body. */
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { Problem, type ProblemCode, type ProblemPart, problems } from '../errors.ts'
import { validationProblem } from './validation.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The code of a route's body that does not have the required form; `invalid_request` where a route names none. */
    bodyProblem?: ProblemCode
  }
}

/** The body of a problem: RFC 9457's members, then ours. */
export interface ProblemJson {
  type: string
  title: string
  status: number
  detail: string
  instance: string
  code: ProblemCode
  error: string
  errors: readonly ProblemPart[]
}

/** @param instance the path of the request that met the problem */
export function problemJson(problem: Problem, instance: string): ProblemJson {
  const { status, title } = problems[problem.code]
  const { code, detail, errors } = problem
  return { type: `/problems/${code}`, title, status, detail, instance, code, error: detail, errors }
}

/** Fastify's own errors that a client caused, and the problems they are. */
const fastifyCodes: Record<string, (error: FastifyError) => Problem> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: (error) =>
    new Problem('unsupported_media_type', `${error.message}. Set Content-Type: application/json`),
  FST_INVALID_MULTIPART_CONTENT_TYPE: () =>
    new Problem('unsupported_media_type', 'Expected Content-Type: multipart/form-data with a boundary'),
  FST_ERR_CTP_BODY_TOO_LARGE: tooLarge,
  FST_REQ_FILE_TOO_LARGE: tooLarge,
  FST_PARTS_LIMIT: tooLarge,
  FST_FILES_LIMIT: tooLarge,
  FST_FIELDS_LIMIT: tooLarge,
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: () =>
    new Problem('malformed_json', 'The body has another length than its Content-Length header says'),
  FST_ERR_BAD_URL: (error) => new Problem('route_not_found', `${error.message}: the path cannot be percent-decoded`),
}

function tooLarge(error: FastifyError): Problem {
  return new Problem(
    'payload_too_large',
    `${error.message}. Send less, or raise BODY_LIMIT_BYTES or UPLOAD_LIMIT_BYTES`,
  )
}

function isFastifyError(error: unknown): error is FastifyError {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
}

/** What the handler knows of the request that met an error. */
interface Met {
  readonly hasBody: boolean
  /** The code for mistakes in the body. */
  readonly bodyProblem: ProblemCode
}

/** The problem that an error of any kind is; what is no fault of the client is `internal`, with its detail withheld. */
export function toProblem(error: unknown, met: Met): Problem {
  if (error instanceof Problem) return error
  if (isFastifyError(error)) {
    if (error.validation !== undefined) return refused(error, met)
    const known = fastifyCodes[error.code]
    if (known !== undefined) return known(error)
  }
  return new Problem('internal', 'Something went wrong inside the service; its log says what', { cause: error })
}

function refused(error: FastifyError, met: Met): Problem {
  const context = error.validationContext ?? 'body'
  if (context === 'body' && !met.hasBody) {
    return new Problem('malformed_json', 'The body is empty: send JSON with Content-Type: application/json')
  }
  // Fastify types its validators' errors loosely; ours are Ajv's (see validation.ts).
  const mistakes = error.validation as Parameters<typeof validationProblem>[0]
  return validationProblem(mistakes, context, context === 'body' ? met.bodyProblem : 'invalid_request')
}

/** Answers with a problem. Its body is serialized as it is, whatever schema the route declares. */
export function sendProblem(request: FastifyRequest, reply: FastifyReply, problem: Problem): FastifyReply {
  return reply
    .code(problem.status)
    .type('application/problem+json')
    .serializer(JSON.stringify)
    .send(problemJson(problem, request.url))
}

/** One handler for every error, one for unknown routes. */
export function answerProblems(app: FastifyInstance): void {
  app.setErrorHandler((error, request, reply) => answerError(error, request, reply))
  app.setNotFoundHandler((request, reply) =>
    sendProblem(
      request,
      reply,
      new Problem('route_not_found', `There is no ${request.method} ${request.url}; /docs lists the routes`),
    ),
  )
}

/** Answers an error as the problem it is, and logs what is ours to mend. */
export function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { bodyProblem = 'invalid_request' } = request.routeOptions.config
  const problem = toProblem(error, { hasBody: request.body !== undefined, bodyProblem })
  if (problem.status >= 500) request.log.error({ err: problem.cause ?? error, code: problem.code }, problem.detail)
  return sendProblem(request, reply, problem)
}
