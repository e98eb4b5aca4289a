/** Which features feed which of a model's inputs. */
import type { IdRange } from '../data/encoders/encoder.ts'
import { pointer } from '../data/pointer.ts'
import { bodyProblem } from '../errors.ts'
import type { Definition } from '../nn/definition.ts'
import { inputRanges } from '../nn/input-range.ts'
import { wire } from '../nn/wiring.ts'
import { quoted } from './column-rules.ts'
import type { TrainingRequest } from './request.ts'

export interface ModelInput {
  readonly name: string
  /** Where the model looks the input's numbers up. */
  readonly range: IdRange | null
}

/** The columns that feed one input. */
export interface FeatureGroup {
  readonly input: string
  readonly names: readonly string[]
  readonly range: IdRange | null
  /** Where they stand in the request. */
  readonly at: string
}

/** The inputs of a definition, in its order. */
export function inputsOf(definition: Definition): ModelInput[] {
  const ranges = inputRanges(definition)
  return wire(definition).inputs.map((name) => ({ name, range: ranges.get(name) ?? null }))
}

/**
 * The features of every input: a list feeds the only one, an object names the columns of each.
 * @throws {Problem} invalid_training where the object does not name every input, or there are several and no object
 */
export function groupFeatures(
  { features }: TrainingRequest,
  inputs: readonly ModelInput[],
  usual: () => readonly string[],
): FeatureGroup[] {
  const known = inputs.map(({ name }) => quoted(name)).join(', ')
  if (features === undefined || isList(features)) {
    const [only, ...others] = inputs
    if (only && others.length === 0) {
      return [{ input: only.name, range: only.range, names: features ?? usual(), at: '/features' }]
    }
    const detail = `features: the model has ${inputs.length} inputs: name the columns of each, as { ${inputs.map(({ name }) => `${quoted(name)}: ["…"]`).join(', ')} }.`
    throw bodyProblem('invalid_training', '/features', detail)
  }
  const stranger = Object.keys(features).find((name) => !inputs.some((input) => input.name === name))
  if (stranger !== undefined) {
    const detail = `features: the model has no input ${quoted(stranger)}; its inputs are ${known}.`
    throw bodyProblem('invalid_training', pointer('features', stranger), detail)
  }
  return inputs.map(({ name, range }) => {
    const names = Object.hasOwn(features, name) ? features[name] : undefined
    if (names) return { input: name, range, names, at: pointer('features', name) }
    const detail = `features: the model's input ${quoted(name)} is not named; its inputs are ${known}.`
    throw bodyProblem('invalid_training', '/features', detail)
  })
}

function isList(features: NonNullable<TrainingRequest['features']>): features is readonly string[] {
  return Array.isArray(features)
}
