/** What a request says of each output of the model: its column, its loss, what the loss counts, and its metrics. */
import { pointer } from '../data/pointer.ts'
import { bodyProblem, Problem } from '../errors.ts'
import type { Definition } from '../nn/definition.ts'
import type { Given } from '../nn/named.ts'
import { wire } from '../nn/wiring.ts'
import { quoted } from './column-rules.ts'
import type { TrainingRequest } from './request.ts'

export interface OutputRequest {
  readonly name: string
  /** The output's name where several are learned, else null. */
  readonly output: string | null
  /** The fields of the request that hold an object by output. */
  readonly named: ReadonlySet<string>
  /** Undefined where the column with the role target is meant. */
  readonly target: string | undefined
  readonly loss: Given | undefined
  readonly lossWeight: number
  readonly metrics: readonly Given[] | undefined
}

/**
 * One request per output, in the model's order. Objects name outputs; a loss or a list of metrics without names is of all.
 * @throws {Problem} invalid_training where objects do not name the outputs, or some would be left untrained
 */
export function outputRequests(request: TrainingRequest, definition: Definition): OutputRequest[] {
  const names = wire(definition).outputNames
  const { target, loss, metrics, loss_weights: weights, class_weight } = request
  const named = new Set<string>()
  for (const [field, given] of Object.entries({ target, loss, metrics, loss_weights: weights })) {
    if (!isByOutput(given)) continue
    assertNames(field, given, names)
    named.add(field)
  }
  const several = names.length > 1
  if (several) assertAllNamed(target, names)
  if (several && class_weight) {
    const detail = 'class_weight: the model learns several outputs; use sample_weight with a column of weights.'
    throw bodyProblem('invalid_training', '/class_weight', detail)
  }
  return names.map((name) => ({
    ...{ name, output: several ? name : null, named },
    target: typeof target === 'object' ? own(target, name) : target,
    loss: isByOutput<Given>(loss) ? own(loss, name) : loss,
    lossWeight: (weights && own(weights, name)) ?? 1,
    metrics: isByOutput<readonly Given[]>(metrics) ? own(metrics, name) : metrics,
  }))
}

/** An object by output, not the object form of a loss, which has a `name`. */
function isByOutput<T>(given: unknown): given is Readonly<Record<string, T>> {
  return typeof given === 'object' && given !== null && !Array.isArray(given) && typeof own(given, 'name') !== 'string'
}

function own<T>(given: Readonly<Record<string, T>> | object, name: string): T | undefined {
  return Object.hasOwn(given, name) ? (given as Readonly<Record<string, T>>)[name] : undefined
}

function assertNames(field: string, given: object, names: readonly string[]): void {
  const stranger = Object.keys(given).find((name) => !names.includes(name))
  if (stranger === undefined) return
  const detail = `${field}: the model has no output ${quoted(stranger)}; its outputs are ${names.map(quoted).join(', ')}.`
  throw bodyProblem('invalid_training', pointer(field, stranger), detail)
}

function assertAllNamed(target: TrainingRequest['target'], names: readonly string[]): void {
  if (typeof target === 'object' && names.every((name) => Object.hasOwn(target, name))) return
  const detail = `target: the model has ${names.length} outputs: name the column of each, as { ${names.map((name) => `${quoted(name)}: "…"`).join(', ')} }.`
  throw bodyProblem('invalid_training', '/target', detail)
}

/**
 * Does work for one output. Its problems point into fields as if there were this output alone; where they hold an object by
 * output, they get its name.
 * @throws {Problem} those of the work
 */
export function forOutput<T>({ output, name, named }: OutputRequest, work: () => T): T {
  if (output === null && named.size === 0) return work()
  try {
    return work()
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    const said = (detail: string) => (output === null ? detail : `output ${quoted(output)}: ${detail}`)
    const errors = error.errors.map((part) => {
      return { ...part, pointer: underOutput(part.pointer, name, named), detail: said(part.detail) }
    })
    throw new Problem(error.code, said(error.message), { errors, cause: error.cause })
  }
}

/** `/loss/delta` of a request whose `loss` is by output is `/loss/<output>/delta`. */
function underOutput(at: string, name: string, named: ReadonlySet<string>): string {
  const [, field = '', ...rest] = at.split('/')
  return named.has(field) ? [pointer(field, name), ...rest].join('/') : at
}
