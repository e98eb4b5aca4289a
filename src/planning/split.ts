/** The split of a request with its defaults: 0.7, 0.2 and 0.1, stratified for classes. */
import { type PartName, partNames, type SplitSettings } from '../data/splits.ts'
import { bodyProblem } from '../errors.ts'
import type { TrainingRequest } from './request.ts'

const usualShares: Readonly<Record<PartName, number>> = { train: 0.7, validation: 0.2, test: 0.1 }

/** Shares such as 1/3 are written with rounding. */
const TOLERANCE = 1e-6

/**
 * What is asked for, completed: shares left out share nothing, but the first of them takes what the others leave.
 * @throws {Problem} invalid_split when shares do not add up to 1, or a target without classes is to be stratified
 */
export function resolveSplit(request: TrainingRequest, hasClasses: boolean): SplitSettings {
  const { split = {} } = request
  const shuffle = split.shuffle ?? request.shuffle ?? true
  const stratify = split.stratify ?? (hasClasses && shuffle)
  if (stratify && !hasClasses) {
    const detail =
      'split.stratify: the target is a number and has no classes to keep in their shares; leave stratify out.'
    throw bodyProblem('invalid_split', '/split/stratify', detail)
  }
  return { ...sharesOf(split), stratify, shuffle }
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
