/** The split of a request with its defaults: 0.7, 0.2 and 0.1, stratified for classes. */
import { type PartName, partNames, type SplitSettings } from '../data/splits.ts'
import { bodyProblem } from '../errors.ts'
import { quoted } from './column-rules.ts'
import type { TrainingRequest } from './request.ts'

const usualShares: Readonly<Record<PartName, number>> = { train: 0.7, validation: 0.2, test: 0.1 }

/** Shares such as 1/3 are written with rounding. */
const TOLERANCE = 1e-6

/** An output of the model, as far as a split asks. */
export interface SplitOutput {
  readonly name: string
  /** Whether its target is learned as classes. */
  readonly hasClasses: boolean
}

/** A split as it is told back: `stratify` is the name of an output where the model has several. */
export type ResolvedSplit = SplitSettings & { readonly stratify: boolean | string }

export interface SplitPlan {
  readonly settings: SplitSettings
  /** The place of the output whose classes keep their shares; null where none do. */
  readonly stratifyBy: number | null
  readonly toldBack: ResolvedSplit
}

/**
 * What is asked for, completed: shares left out share nothing, but the first of them takes what the others leave. The classes
 * of one output keep their shares: those of the one that `stratify` names, else of the first that has any. Shares of all
 * combinations of classes would make strata of a row or two, all of which would have to train.
 * @throws {Problem} invalid_split when shares do not add up to 1, or a target without classes is to be stratified
 */
export function resolveSplit(request: TrainingRequest, outputs: readonly SplitOutput[]): SplitPlan {
  const { split = {} } = request
  const shuffle = split.shuffle ?? request.shuffle ?? true
  const stratifyBy = stratifiedOutput(split.stratify, outputs, shuffle)
  const settings = { ...sharesOf(split), shuffle }
  const name = outputs.length > 1 ? outputs[stratifyBy ?? -1]?.name : undefined
  return { settings, stratifyBy, toldBack: { ...settings, stratify: name ?? stratifyBy !== null } }
}

function sharesOf(given: Partial<Record<PartName, number | undefined>>): Record<PartName, number> {
  const leftOut = partNames.filter((part) => given[part] === undefined)
  if (leftOut.length === partNames.length) return { ...usualShares }
  const shares = { train: given.train ?? 0, validation: given.validation ?? 0, test: given.test ?? 0 }
  const rest = 1 - (shares.train + shares.validation + shares.test)
  const [taker] = leftOut
  if (taker !== undefined && rest > TOLERANCE) shares[taker] = Number(rest.toFixed(12))
  else if (Math.abs(rest) > TOLERANCE) {
    const written = partNames.map((part) => `${part} ${shares[part]}`).join(', ')
    throw bodyProblem('invalid_split', '/split', `split: the shares must add up to 1, received ${written}.`)
  }
  if (shares.train === 0) {
    throw bodyProblem(
      'invalid_split',
      '/split/train',
      'split.train must be above 0: nothing can be learned from no rows.',
    )
  }
  return shares
}

/** @throws {Problem} invalid_split where the output meant is none, or has no classes */
function stratifiedOutput(
  given: boolean | string | undefined,
  outputs: readonly SplitOutput[],
  shuffle: boolean,
): number | null {
  if (given === false || (given === undefined && !shuffle)) return null
  const isMeant = ({ name, hasClasses }: SplitOutput) => (typeof given === 'string' ? name === given : hasClasses)
  const place = outputs.findIndex(isMeant)
  if (outputs[place]?.hasClasses) return place
  if (given === undefined) return null
  const advice = 'to keep in their shares; leave stratify out'
  const known = outputs.map(({ name }) => quoted(name)).join(', ')
  const detail =
    typeof given !== 'string'
      ? `${outputs.length > 1 ? 'no target has' : 'the target is a number and has no'} classes ${advice}`
      : place < 0
        ? `the model has no output ${quoted(given)}; its outputs are ${known}`
        : `the target of ${quoted(given)} is a number and has no classes ${advice}`
  throw bodyProblem('invalid_split', '/split/stratify', `split.stratify: ${detail}.`)
}
