/** Names for columns whose header is empty or taken, so that no column overwrites another. */
import type { Warning } from '../../errors.ts'
import { pointer } from '../pointer.ts'

/**
 * Distinct names in the order of the header: the first of equal names keeps it, later ones become `x_2`, `x_3`, …, empty
 * ones `column_3` (their place, from 1); a name that the header itself uses is never given away.
 */
export function distinctNames(header: readonly string[]): { names: string[]; warnings: Warning[] } {
  const taken = new Set(header.filter((name) => name !== ''))
  const seen = new Set<string>()
  const warnings: Warning[] = []
  const names = header.map((name, index) => {
    if (name !== '' && !seen.has(name)) {
      seen.add(name)
      return name
    }
    const given = freeName(name === '' ? `column_${index + 1}` : `${name}_2`, name === '' ? 'column' : name, taken)
    taken.add(given)
    const was = name === '' ? 'has no name' : `is another ${JSON.stringify(name)}`
    const detail = `Column ${index + 1} ${was} in the header: it is called ${JSON.stringify(given)} here.`
    warnings.push({ code: 'renamed_column', pointer: pointer('columns', given), detail })
    return given
  })
  return { names, warnings }
}

function freeName(first: string, stem: string, taken: ReadonlySet<string>): string {
  let name = first
  for (let k = 2; taken.has(name); k++) name = `${stem}_${k}`
  return name
}
