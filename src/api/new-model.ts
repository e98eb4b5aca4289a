/** The body of a new model: a definition, or what Keras wrote in place of its layers. */
import type { ErrorObject, ValidateFunction } from 'ajv'
import type { FastifySchemaCompiler } from 'fastify'
import { Type } from 'typebox'
import { bodyProblem, Problem, withPointerPrefix } from '../errors.ts'
import {
  type Definition,
  DefinitionSchema,
  definitionForm,
  parseDefinition,
  withLayerErrors,
} from '../nn/definition.ts'
import { readKerasJson } from '../nn/keras-json/read-model.ts'
import { buildModel, hasOpenInput } from '../nn/model.ts'
import { summarizeOpen } from '../nn/open-axes.ts'
import { modelNamePattern, Strict } from './common.ts'
import { factsOf, type ModelFacts, modelFacts, unknownFacts } from './model-body.ts'

const name = Type.String({ pattern: modelNamePattern, description: 'Letters, digits, ., _ and -; at most 128' })

interface NewModelBody {
  readonly name: string
  readonly keras?: unknown
}

export const NewModel = Type.Unsafe<NewModelBody>({
  anyOf: [
    Strict({ ...DefinitionSchema.properties, name }),
    Strict({
      name,
      keras: Type.Object({}, { additionalProperties: true, description: 'What model.to_json() of Keras 2 or 3 gives' }),
    }),
  ],
})

/** Up to the types of the layers: `NewModel` itself takes seconds to compile, and is for those who read it. */
const NewModelForm = Strict({
  ...definitionForm,
  layers: Type.Optional(definitionForm.layers),
  name,
  keras: Type.Optional(Type.Object({}, { additionalProperties: true })),
})

/** Checks bodies with a validator per type of layer, compiled when it is first met; `compile` is that of all other parts. */
export function newModelCompiler(compile: FastifySchemaCompiler<object>): FastifySchemaCompiler<object> {
  return (part) => {
    if (part.httpPart !== 'body') return compile(part)
    const checkForm = compile({ ...part, schema: NewModelForm }) as ValidateFunction // as validation.ts compiles
    return (body: unknown) => {
      const errors = withLayerErrors(body, checkForm(body) ? [] : (checkForm.errors ?? []))
      // Fastify takes a list of Ajv's errors here as well, which its types leave out
      return errors.length === 0 ? { value: body } : { error: errors as readonly ErrorObject[] as unknown as Error }
    }
  }
}

export interface NewModelFacts {
  readonly definition: Definition
  readonly facts: ModelFacts
}

/** @throws {Problem} invalid_definition, shape_mismatch, with pointers into the body */
export function readNewModel(body: NewModelBody): NewModelFacts {
  if (body.keras === undefined) return withFacts(parseDefinition(body))
  if (Object.keys(body).length > 2) {
    throw bodyProblem('invalid_definition', '/keras', 'keras stands in place of a definition: leave one of the two out')
  }
  const { keras } = body
  const { definition, locate } = retold(
    (problem) => withPointerPrefix(problem, '/keras'),
    () => readKerasJson(keras),
  )
  return retold(
    (problem) => withPointerPrefix(locate(problem), '/keras'),
    () => withFacts({ ...definition, name: body.name }),
  )
}

function withFacts(definition: Definition): NewModelFacts {
  if (!hasOpenInput(definition)) return { definition, facts: modelFacts(buildModel(definition)) }
  const summary = summarizeOpen(definition)
  return { definition, facts: summary ? factsOf(summary) : unknownFacts }
}

/** What `read` gives, its problem told otherwise. */
function retold<T>(tell: (problem: Problem) => Problem, read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw error instanceof Problem ? tell(error) : error
  }
}
