/** Which rows train, which validate, which test: seeded, apportioned exactly, by class where asked. */
import { bodyProblem, type Warning } from '../errors.ts'
import { createRandom, deriveKey, permutation } from '../random.ts'

export const partNames = ['train', 'validation', 'test'] as const
export type PartName = (typeof partNames)[number]

export interface SplitSettings extends Readonly<Record<PartName, number>> {
  /** False takes the rows in their order: the first for training, the last for testing. */
  readonly shuffle: boolean
}

/** The classes of rows, as indices of labels. */
export interface RowClasses {
  /** Parallel to the rows. */
  readonly classes: ArrayLike<number>
  readonly labels: readonly string[]
  /** The output that learns them, where there are several. */
  readonly output?: string | null | undefined
}

/** The rows to split, ascending, and the classes of every target that has some. */
export interface SplitSource {
  readonly rows: Int32Array
  readonly targets: readonly RowClasses[]
  /** The one whose classes keep their shares; null where no one's do. */
  readonly stratifyBy: RowClasses | null
}

/** Row numbers of each part in ascending order. */
export interface Split extends Readonly<Record<PartName, Int32Array>> {
  readonly warnings: readonly Warning[]
}

/**
 * Splits rows into parts. Each stratum (a class, or all rows) gives every part its share rounded down or up; rows left by
 * rounding go where the running total lags most, so that the parts' totals are right as well. A class too small for every
 * part stays in training, and a warning names it.
 * @throws {Problem} invalid_split when no row is left for training
 */
export function splitRows(source: SplitSource, settings: SplitSettings, seed: number): Split {
  const deficits = [0, 0, 0]
  const partOf = new Uint8Array(source.rows.length)
  for (const [index, places] of strataOf(source).entries()) {
    const counts = apportion(places.length, settings, deficits)
    const order = settings.shuffle ? permutation(places.length, createRandom(deriveKey(seed, 'split', index))) : null
    let next = 0
    for (const [part, count] of counts.entries()) {
      for (const end = next + count; next < end; next++) partOf[places[order?.[next] ?? next] as number] = part
    }
  }
  const [train, validation, test] = partNames.map((_, part) =>
    source.rows.filter((_row, place) => partOf[place] === part),
  )
  if (!train?.length || !validation || !test) {
    const detail = `split: ${source.rows.length} rows with a training share of ${settings.train} leave no row for training.`
    throw bodyProblem('invalid_split', '/split/train', detail)
  }
  const parts = { train, validation, test }
  const absent = source.targets.flatMap((target) => absentClasses(source.rows, target, parts, settings))
  const warnings = [...emptyParts(parts, settings, source.rows.length), ...absent]
  return { ...parts, warnings }
}

/** The places in `rows` of each stratum. */
function strataOf({ rows, stratifyBy }: SplitSource): Int32Array[] {
  if (stratifyBy === null) return [Int32Array.from(rows.keys())]
  const { classes, labels } = stratifyBy
  const sizes = new Int32Array(labels.length)
  const count = (label: number) => {
    sizes[label] = (sizes[label] as number) + 1
    return sizes[label] as number
  }
  for (let place = 0; place < rows.length; place++) count(classes[place] as number)
  const strata = Array.from(sizes, (size) => new Int32Array(size))
  sizes.fill(0)
  for (let place = 0; place < rows.length; place++) {
    const label = classes[place] as number
    const stratum = strata[label] as Int32Array // classes are indices of labels
    stratum[count(label) - 1] = place
  }
  return strata
}

/** Rounding noise of shares such as 0.7 must not cost a row. */
const NOISE = 1e-9

/** Row counts of the three parts for one stratum; `deficits` carries what each part is still owed to the next stratum. */
function apportion(rowCount: number, settings: SplitSettings, deficits: number[]): number[] {
  const ideal = partNames.map((part) => rowCount * settings[part])
  const counts = ideal.map((share) => Math.floor(share + NOISE))
  for (const [part, share] of ideal.entries()) deficits[part] = (deficits[part] ?? 0) + share - (counts[part] ?? 0)
  const open = new Set(ideal.flatMap((share, part) => (share - (counts[part] ?? 0) > NOISE ? [part] : [])))
  for (let left = rowCount - sum(counts); left > 0; left--) {
    let neediest = 0
    for (const part of open)
      if (!open.has(neediest) || (deficits[part] ?? 0) > (deficits[neediest] ?? 0) + NOISE) neediest = part
    give(counts, deficits, neediest, 1)
    open.delete(neediest)
  }
  if (rowCount > 0 && counts[0] === 0 && settings.train > 0) {
    const largest = counts.indexOf(Math.max(...counts))
    give(counts, deficits, largest, -1)
    give(counts, deficits, 0, 1)
  }
  return counts
}

function give(counts: number[], deficits: number[], part: number, rows: number): void {
  counts[part] = (counts[part] ?? 0) + rows
  deficits[part] = (deficits[part] ?? 0) - rows
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, n) => total + n, 0)

function emptyParts(
  split: Readonly<Record<PartName, Int32Array>>,
  settings: SplitSettings,
  rowCount: number,
): Warning[] {
  return partNames
    .filter((part) => settings[part] > 0 && split[part].length === 0)
    .map((part) => ({
      code: 'empty_part',
      pointer: `/split/${part}`,
      detail: `${rowCount} rows are too few for a ${part} share of ${settings[part]}: that part has no row.`,
    }))
}

/** Classes that are not in every part that has rows, in one warning. */
function absentClasses(
  rows: Int32Array,
  { classes, labels, output }: RowClasses,
  split: Readonly<Record<PartName, Int32Array>>,
  settings: SplitSettings,
): Warning[] {
  const classOf = new Int32Array((rows.at(-1) ?? -1) + 1) // rows ascend
  const totals = new Array<number>(labels.length).fill(0)
  for (let i = 0; i < rows.length; i++) {
    const label = classes[i] as number
    classOf[rows[i] as number] = label
    totals[label] = (totals[label] ?? 0) + 1
  }
  const lacking = new Map<number, PartName[]>()
  for (const part of partNames) {
    if (settings[part] === 0 || split[part].length === 0) continue
    const present = new Set<number>()
    for (const row of split[part]) present.add(classOf[row] as number)
    for (let label = 0; label < labels.length; label++) {
      if (!present.has(label)) lacking.set(label, [...(lacking.get(label) ?? []), part])
    }
  }
  if (lacking.size === 0) return []
  const named = [...lacking].slice(0, 10).map(([label, parts]) => {
    const count = totals[label] ?? 0
    return `class ${JSON.stringify(labels[label])} (${count} ${count === 1 ? 'row' : 'rows'}) is not in ${parts.join(' and ')}`
  })
  const more = lacking.size > 10 ? `, and ${lacking.size - 10} more classes` : ''
  const of = typeof output === 'string' ? `output ${JSON.stringify(output)}: ` : ''
  return [{ code: 'class_not_in_every_part', pointer: '/split', detail: `${of}${named.join(', ')}${more}.` }]
}
