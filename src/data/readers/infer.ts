/** Which type a column has where nobody has said so: what all of its first cells can be. */
import type { Warning } from '../../errors.ts'
import { pointer } from '../pointer.ts'
import type { ScalarType } from '../table.ts'
import { type CellRules, typeOfText } from './cells.ts'

export interface Guess {
  readonly type: ScalarType
  readonly warnings: readonly Warning[]
}

/** A text with its place in the request or the file, in words (`line 4`). */
export interface PlacedText {
  readonly text: string
  readonly place: string
}

/** A type for the column from its sampled cells; warns where most are numbers and some are not, and where none is there. */
export function guessType(name: string, sample: readonly PlacedText[], rules: CellRules): Guess {
  const counts: Record<ScalarType, number> = { number: 0, boolean: 0, category: 0 }
  let first: PlacedText | null = null
  for (const cell of sample) {
    const type = typeOfText(cell.text, rules)
    if (type === null) continue
    counts[type]++
    if (type !== 'number') first ??= cell
  }
  const present = counts.number + counts.boolean + counts.category
  if (present === 0) return { type: 'number', warnings: [emptyColumn(name)] }
  if (counts.boolean === present) return { type: 'boolean', warnings: [] }
  if (first === null) return { type: 'number', warnings: [] }
  return { type: 'category', warnings: counts.number * 2 >= present ? [mixedColumn(name, first)] : [] }
}

/** Told where a column that looks like numbers is read as text. */
export function mixedColumn(name: string, { text, place }: PlacedText): Warning {
  const detail =
    `Column ${JSON.stringify(name)} is read as text, although most of its cells are numbers: ${place} holds ` +
    `${JSON.stringify(text)}. Mend that cell, or declare the column's type.`
  return { code: 'mixed_column', pointer: pointer('columns', name), detail }
}

function emptyColumn(name: string): Warning {
  const detail =
    `Column ${JSON.stringify(name)} holds no value in the rows looked at; it is read as numbers, in which NA, N/A, NaN and ` +
    'null are missing cells. Declare its type if it is text.'
  return { code: 'empty_column', pointer: pointer('columns', name), detail }
}
