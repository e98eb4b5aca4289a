/** Which columns a training uses and how: features, target, preprocessing and missing values, checked together. */
import type { ColumnInfo } from '../data/columns.ts'
import type { Preprocessing } from '../data/encoders/encoder.ts'
import type { FeaturePlan } from '../data/encoders/table-encoder.ts'
import type { MissingRule } from '../data/missing-values.ts'
import { pointer } from '../data/pointer.ts'
import { type ColumnType, columnNamed, countMissing, findColumn, type Table } from '../data/table.ts'
import { bodyProblem, Problem, type ProblemPart, type Warning } from '../errors.ts'
import {
  type GivenMissing,
  type Mistake,
  missingRule,
  mistake,
  neverFilled,
  preprocessingOf,
  quoted,
} from './column-rules.ts'
import { type FeatureGroup, groupFeatures, type ModelInput } from './feature-groups.ts'
import type { OutputRequest } from './output-requests.ts'
import type { GivenPolicy, ResolvedRequest, TrainingRequest } from './request.ts'
import { sampleWeightMistakes } from './row-weights.ts'

export interface ColumnUse {
  /** Of each output. */
  readonly targets: readonly string[]
  readonly features: readonly FeaturePlan[]
  /** Which of them feed each of the model's inputs, in the model's order. */
  readonly groups: readonly FeatureGroup[]
  /** The rule of every feature, of the target and of the sample weight. */
  readonly missing: Readonly<Record<string, MissingRule>>
  readonly warnings: readonly Warning[]
  readonly toldBack: Pick<ResolvedRequest, 'preprocessing' | 'missing_values'>
}

/** More categories than this are an identifier or free text, not something to encode one by one. */
const MOST_CATEGORIES = 10_000

/** From so many on, categories are worth a warning where every other row has its own. */
const MANY = 20

/**
 * Resolves the columns of a request for a model with these inputs.
 * @throws {Problem} unknown_column or invalid_training with all mistakes about columns
 */
export function resolveColumns(
  table: Table,
  columns: readonly ColumnInfo[],
  request: TrainingRequest,
  inputs: readonly ModelInput[],
  outputs: readonly Pick<OutputRequest, 'output' | 'target'>[],
): ColumnUse {
  const targets = outputs.map(({ target }) => target ?? targetByRole(columns))
  const groups = groupFeatures(request, inputs, () => usualFeatures(columns, targets, request.sample_weight))
  const names = groups.flatMap((group) => group.names)
  const weight = request.sample_weight ?? null
  const unfilled = [...targets, ...(weight === null ? [] : [weight])]
  const mistakes = [
    ...targets.flatMap((name, i) => targetMistakes(table, name, outputs[i]?.output ?? null)),
    ...sampleWeightMistakes(table, request, targets),
    ...featureMistakes(table, groups, targets, request.features !== undefined),
    ...groups.flatMap((group) => [...tensorMistakes(table, group), ...(group.range ? textMistakes(table, group) : [])]),
    ...keyMistakes('preprocessing', request.preprocessing, names),
    ...keyMistakes('missing_values', request.missing_values, [...names, ...unfilled]),
  ]
  throwAll(mistakes)
  const typeOf = (name: string): ColumnType => columnNamed(table, name).type
  const policies = names.map((name) => missingRule(name, typeOf(name), request.missing_values))
  const preprocessings = groups.flatMap(({ names: own, range }) =>
    own.map((name) => preprocessingOf(name, typeOf(name), request.preprocessing, range !== null)),
  )
  const unfilledPolicies = unfilled.map((name, index) =>
    neverFilled(name, index < targets.length ? 'target' : 'sample weight', request.missing_values),
  )
  throwAll([...policies, ...preprocessings, ...unfilledPolicies].filter(isMistake))
  const features = names.map((column, index): FeaturePlan => {
    return { column, preprocessing: preprocessings[index] as Preprocessing, missing: policies[index] as MissingRule } // no mistakes left
  })
  const missing = Object.fromEntries([
    ...features.map((feature) => [feature.column, feature.missing]),
    ...unfilled.map((name, index) => [name, unfilledPolicies[index]]),
  ])
  const warnings = [...policyWarnings(table, features, request.missing_values), ...categoryWarnings(table, features)]
  return { targets, features, groups, missing, warnings, toldBack: toldBack(features, missing, request.missing_values) }
}

function targetByRole(columns: readonly ColumnInfo[]): string {
  const targets = columns.filter(({ role }) => role === 'target')
  const [first] = targets
  if (first !== undefined && targets.length === 1) return first.name
  const why =
    first === undefined ? 'no column of the dataset has the role target' : 'several columns have the role target'
  throw bodyProblem('invalid_training', '/target', `target is required: ${why}; the columns are ${nameList(columns)}.`)
}

function usualFeatures(
  columns: readonly ColumnInfo[],
  targets: readonly string[],
  weight: string | null | undefined,
): string[] {
  const names = columns
    .filter(({ name, role }) => !targets.includes(name) && name !== weight && role !== 'ignore' && role !== 'target')
    .map(({ name }) => name)
  if (names.length > 0) return names
  throw bodyProblem(
    'invalid_training',
    '/features',
    `features: the dataset has no column beside ${targets.map(quoted).join(', ')} to learn from.`,
  )
}

function targetMistakes(table: Table, target: string, output: string | null): Mistake[] {
  const at = output === null ? '/target' : pointer('target', output)
  return findColumn(table, target) === null ? [unknown(table, at, target)] : []
}

function featureMistakes(
  table: Table,
  groups: readonly FeatureGroup[],
  targets: readonly string[],
  given: boolean,
): Mistake[] {
  const places = groups.flatMap(({ names, at }) => names.map((_, index) => (given ? `${at}/${index}` : at)))
  const all = groups.flatMap(({ names }) => names)
  return all.flatMap((name, index): Mistake[] => {
    const at = places[index] ?? '/features'
    const column = findColumn(table, name)
    if (column === null) return [unknown(table, at, name)]
    if (targets.includes(name))
      return [
        mistake('invalid_training', at, `features: ${quoted(name)} is the target; it cannot be learned from itself.`),
      ]
    if (all.indexOf(name) < index) return [mistake('invalid_training', at, `features: ${quoted(name)} is named twice.`)]
    if (column.type !== 'category' || column.categories.length <= MOST_CATEGORIES) return []
    const detail =
      `features: column ${quoted(name)} holds ${column.categories.length} different texts; up to ${MOST_CATEGORIES} can be ` +
      'encoded one by one. Leave it out of features.'
    return [mistake('invalid_training', at, detail)]
  })
}

/** A tensor is fed to an input as it is: there is no place beside it. */
function tensorMistakes(table: Table, { names, at }: FeatureGroup): Mistake[] {
  const tensor = names.find((name) => findColumn(table, name)?.type === 'tensor')
  if (tensor === undefined || names.length === 1) return []
  const others = names.filter((name) => name !== tensor).map(quoted)
  const detail =
    `features: column ${quoted(tensor)} holds lists of numbers, which fill the model's input alone; it cannot stand beside ` +
    `${others.slice(0, 5).join(', ')}. Name it as the only feature: "features": [${quoted(tensor)}], or give the model an input for each.`
  return [mistake('invalid_training', at, detail)]
}

/** One-hot columns are no ids. */
function textMistakes(table: Table, { names, at }: FeatureGroup): Mistake[] {
  return names.flatMap((name) => {
    if (findColumn(table, name)?.type !== 'category') return []
    const detail = `features: column ${quoted(name)} holds texts, the model looks whole numbers up: give each text a number in the data.`
    return [mistake('invalid_training', at, detail)]
  })
}

function unknown(table: Table, at: string, name: string): Mistake {
  return mistake('unknown_column', at, `The dataset has no column ${quoted(name)}; it has ${nameList(table.columns)}.`)
}

function keyMistakes(field: string, given: unknown, known: readonly string[]): Mistake[] {
  if (typeof given !== 'object' || given === null) return []
  return Object.keys(given)
    .filter((name) => !known.includes(name))
    .map((name) => {
      const detail = `${field}: ${quoted(name)} is no column of this training; those are ${known.join(', ')}.`
      return mistake('unknown_column', pointer(field, name), detail)
    })
}

/** Told where one word for all columns could not be meant for a column that has missing values. */
function policyWarnings(table: Table, features: readonly FeaturePlan[], given: GivenMissing): Warning[] {
  if (typeof given !== 'string') return []
  const changed = features.filter(
    ({ column, missing }) => missing.policy !== given && countMissing(columnNamed(table, column)) > 0,
  )
  if (changed.length === 0) return []
  const names = changed.map(({ column }) => quoted(column)).join(', ')
  const detail = `missing_values: ${names} have no ${given}; what is most frequent is filled in there.`
  return [{ code: 'policy_changed', pointer: '/missing_values', detail }]
}

/** A text in every other row is likely an identifier, which a network learns by heart. */
function categoryWarnings(table: Table, features: readonly FeaturePlan[]): Warning[] {
  return features.flatMap(({ column: name }) => {
    const column = columnNamed(table, name)
    if (column.type !== 'category' || column.categories.length < MANY || column.categories.length * 2 < table.rowCount)
      return []
    const detail =
      `features: column ${quoted(name)} holds ${column.categories.length} different texts in ${table.rowCount} rows, each encoded ` +
      'as a number of its own. If it only names the rows, leave it out of features.'
    return [{ code: 'many_categories', pointer: '/features', detail }]
  })
}

function toldBack(
  features: readonly FeaturePlan[],
  missing: Readonly<Record<string, MissingRule>>,
  given: GivenMissing,
): ColumnUse['toldBack'] {
  const preprocessing = Object.fromEntries(features.map((feature) => [feature.column, feature.preprocessing]))
  if (typeof given !== 'object') return { preprocessing, missing_values: given ?? 'error' }
  const policies = Object.entries(missing).map(([name, { policy, value }]): [string, GivenPolicy] => [
    name,
    value === undefined ? policy : { name: 'constant', value },
  ])
  return { preprocessing, missing_values: Object.fromEntries(policies) }
}

function isMistake(value: object | string): value is Mistake {
  return typeof value === 'object' && 'code' in value
}

function throwAll(mistakes: readonly Mistake[]): void {
  const [first] = mistakes
  if (first === undefined) return
  const errors = mistakes.map(({ code: _, ...part }): ProblemPart => part)
  throw new Problem(first.code, errors.map(({ detail }) => detail).join(' '), { errors })
}

function nameList(columns: readonly { readonly name: string }[]): string {
  const names = columns.slice(0, 20).map(({ name }) => name)
  return `${names.join(', ')}${columns.length > names.length ? ` and ${columns.length - names.length} more` : ''}`
}
