/** The validators of bodies, paths and queries: nothing is dropped, nothing in a body is changed, every mistake is told. */
import { Ajv, type ErrorObject, type Options } from 'ajv'
import type { FastifyInstance, FastifySchemaCompiler } from 'fastify'
import { Problem, type ProblemCode, type ProblemPart } from '../errors.ts'
import { mistakesOf, summarizeMistakes } from '../mistakes.ts'

const shared = {
  allErrors: true,
  discriminator: true,
  removeAdditional: false,
  verbose: true,
  // The schemas are OpenAPI's too (examples, nullable type lists), which Ajv's strict mode refuses.
  strict: false,
  // `date-time` and `binary` describe answers and uploads to readers of the document; no request is checked by them.
  validateFormats: false,
} satisfies Options

const places: Record<string, ProblemPart['in']> = {
  body: 'body',
  params: 'path',
  querystring: 'query',
  headers: 'header',
}

/** A JSON body says what it is: "8" is not 8. Paths, queries and headers are text, so that numbers are read from them. */
export function buildValidatorCompiler(): FastifySchemaCompiler<object> {
  const bodies = new Ajv({ ...shared, coerceTypes: false })
  const texts = new Ajv({ ...shared, coerceTypes: true, useDefaults: true })
  return ({ schema, httpPart }) => (httpPart === 'body' ? bodies : texts).compile(schema)
}

/**
 * The problem of a request that Fastify's validation refused.
 * @param context which part of the request: `body`, `params`, `querystring` or `headers`
 */
export function validationProblem(errors: readonly ErrorObject[], context: string, code: ProblemCode): Problem {
  const mistakes = mistakesOf(errors, places[context] ?? 'body')
  return new Problem(code, summarizeMistakes(mistakes), { errors: mistakes })
}

/** Far more than any body of ours has, far less than what recursion through it can bear. */
const deepest = 100

/** Whether brackets outside of strings open more than `levels` deep. */
function nestsDeeperThan(levels: number, json: string): boolean {
  let depth = 0
  let inString = false
  for (let i = 0; i < json.length; i++) {
    const code = json.charCodeAt(i)
    if (code === 0x22) inString = !inString
    else if (inString)
      i += code === 0x5c ? 1 : 0 // what follows a backslash ends no string
    else if (code === 0x5b || code === 0x7b) depth++
    else if (code === 0x5d || code === 0x7d) depth--
    if (depth > levels) return true
  }
  return false
}

/** Reads JSON bodies; a body that is not JSON is told with what the parser says about the place. */
export function readJsonBodies(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error')
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, text, done) => {
    // A DELETE or a cancel with this header and no body is no mistake; a route that needs a body says so itself.
    if (text.length === 0) return done(null, undefined)
    if (nestsDeeperThan(deepest, text.toString())) {
      return done(new Problem('malformed_json', `The body nests lists and objects more than ${deepest} levels deep`))
    }
    parse(request, text.toString(), (error, value) =>
      error ? done(new Problem('malformed_json', explain(text.toString()), { cause: error })) : done(null, value),
    )
  })
}

function explain(text: string): string {
  try {
    JSON.parse(text)
    return 'The body has a key __proto__ or constructor.prototype, which is not allowed'
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return `The body is not JSON: ${reason}. NaN and Infinity are not JSON; a missing value is null`
  }
}
