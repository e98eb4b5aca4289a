/** What a request says about one column, checked against the column's type: its preprocessing and its missing values. */
import type { Preprocessing } from '../data/encoders/encoder.ts'
import { encoders } from '../data/encoders/index.ts'
import { type MissingRule, policiesOf } from '../data/missing-values.ts'
import { pointer } from '../data/pointer.ts'
import type { ColumnType, ScalarType } from '../data/table.ts'
import type { ProblemCode, ProblemPart } from '../errors.ts'
import type { TrainingRequest } from './request.ts'

/** A mistake with the code it has where it is the only one. */
export interface Mistake extends ProblemPart {
  readonly code: ProblemCode
}

export const mistake = (code: ProblemCode, at: string, detail: string): Mistake => ({
  code,
  in: 'body',
  pointer: at,
  detail,
})

/**
 * What is done to a feature: what was asked for where its type has it, else the usual. Ids, which the model looks up, stay
 * as they are.
 */
export function preprocessingOf(
  name: string,
  type: ColumnType,
  given: TrainingRequest['preprocessing'],
  isId: boolean,
): Preprocessing | Mistake {
  const allowed: readonly [Preprocessing, ...Preprocessing[]] = isId ? ['none'] : encoders[type].preprocessing
  const [usual] = allowed
  const word = typeof given === 'object' ? given[name] : given
  if (word === undefined) return usual
  if (allowed.includes(word)) return word
  // one word for all columns is meant for those that it fits; but none says that nothing is to be done, and texts need it
  if (typeof given === 'string' && word !== 'none') return usual
  const at = typeof given === 'string' ? '/preprocessing' : pointer('preprocessing', name)
  const hint = type === 'category' ? ' A network takes numbers: leave the column out, or have it encoded one_hot.' : ''
  const kind = isId ? `${type} and the model looks its values up` : type
  const detail = `preprocessing: column ${quoted(name)} is of type ${kind}, for which there is ${allowed.join(', ')}; received ${word}.${hint}`
  return mistake('invalid_training', at, detail)
}

export type GivenMissing = TrainingRequest['missing_values']

/** What is done where a feature is missing. */
export function missingRule(name: string, type: ColumnType, given: GivenMissing): MissingRule | Mistake {
  const policy = typeof given === 'object' ? given[name] : given
  if (policy === undefined) return { policy: 'error' }
  if (typeof policy === 'object') return constantRule(name, type, policy.value)
  if (policiesOf[type].includes(policy)) return { policy }
  // one mean for all columns: texts and booleans have none, what is most frequent comes next to it
  // and a tensor is never missing
  if (typeof given === 'string') return { policy: type === 'tensor' ? 'error' : 'most_frequent' }
  const detail = `missing_values: column ${quoted(name)} is of type ${type}, for which there is ${policiesOf[type].join(', ')}; received ${policy}.`
  return mistake('invalid_training', pointer('missing_values', name), detail)
}

const typeofCell: Readonly<Record<ScalarType, string>> = { number: 'number', category: 'string', boolean: 'boolean' }

function constantRule(name: string, type: ColumnType, value: number | string | boolean): MissingRule | Mistake {
  if (type !== 'tensor' && typeof value === typeofCell[type] && value !== '') return { policy: 'constant', value }
  const detail = `missing_values: the constant of column ${quoted(name)} must be of its type, ${type}; received ${JSON.stringify(value)}.`
  return mistake('invalid_training', pointer('missing_values', name, 'value'), detail)
}

/** A target is never made up, nor is a weight: rows without one are refused or dropped. */
export function neverFilled(name: string, what: string, given: GivenMissing): MissingRule | Mistake {
  const policy = typeof given === 'object' ? given[name] : given
  if (policy === 'drop') return { policy: 'drop' }
  if (typeof given !== 'object' || policy === undefined || policy === 'error') return { policy: 'error' }
  const detail = `missing_values: ${quoted(name)} is the ${what}, which cannot be filled in: use error or drop.`
  return mistake('invalid_training', pointer('missing_values', name), detail)
}

/** A name as it stands in a sentence. */
export function quoted(name: string): string {
  return JSON.stringify(name)
}
