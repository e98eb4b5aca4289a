/** Rows to a table in one pass over typed builders; a second pass where a later cell is not what the sample promised. */
import { Problem, type ProblemPart, type Warning } from '../../errors.ts'
import { type ColumnOverrides, declaredType } from '../columns.ts'
import { pointer } from '../pointer.ts'
import type { ScalarType, Table } from '../table.ts'
import { type Cell, type CellRules, createBuilder } from './cells.ts'
import { mixedColumn } from './infer.ts'

export interface ColumnPlan {
  readonly name: string
  readonly type: ScalarType
  readonly rules: CellRules
}

/** Goes once over all rows; `place` says in words and as a pointer where a cell stands. May be called again. */
export type Pass = (
  onRow: (cellOf: (column: number) => Cell, placeOf: (column: number) => CellPlace) => void,
) => Promise<void> | void

export interface CellPlace {
  readonly words: string
  readonly pointer: string
}

interface Misfit {
  readonly cell: Cell
  readonly place: CellPlace
  count: number
}

/**
 * Builds the table. A cell that does not fit a declared type is a mistake; one that does not fit a guessed type turns the
 * column into text, with a warning.
 * @throws {Problem} invalid_column naming the first such cell of every declared column
 */
export async function buildTable(
  plans: readonly ColumnPlan[],
  overrides: ColumnOverrides,
  pass: Pass,
): Promise<{ table: Table; warnings: Warning[] }> {
  const first = await collect(plans, pass)
  assertDeclared(plans, overrides, first.misfits)
  if (first.misfits.size === 0) return { table: first.build(), warnings: [] }
  const widened = plans.map(
    (plan, index): ColumnPlan => (first.misfits.has(index) ? { ...plan, type: 'category' } : plan),
  )
  const warnings = [...first.misfits].map(([index, { cell, place }]) =>
    mixedColumn(plans[index]?.name ?? '', { text: String(cell), place: place.words }),
  )
  return { table: (await collect(widened, pass)).build(), warnings }
}

async function collect(
  plans: readonly ColumnPlan[],
  pass: Pass,
): Promise<{ misfits: Map<number, Misfit>; build: () => Table }> {
  const builders = plans.map(({ type, rules }) => createBuilder(type, rules))
  const misfits = new Map<number, Misfit>()
  let rowCount = 0
  await pass((cellOf, placeOf) => {
    rowCount++
    for (let index = 0; index < builders.length; index++) {
      const cell = cellOf(index)
      if (builders[index]?.add(cell)) continue
      const misfit = misfits.get(index)
      if (misfit === undefined) misfits.set(index, { cell, place: placeOf(index), count: 1 })
      else misfit.count++
    }
  })
  const build = (): Table => ({
    rowCount,
    columns: builders.map((builder, index) => builder.build(plans[index]?.name ?? '')),
  })
  return { misfits, build }
}

const expected: Readonly<Record<ScalarType, string>> = {
  number: 'a number',
  boolean: 'true or false',
  category: 'a text',
}

function assertDeclared(
  plans: readonly ColumnPlan[],
  overrides: ColumnOverrides,
  misfits: ReadonlyMap<number, Misfit>,
): void {
  const errors: ProblemPart[] = []
  for (const [index, plan] of plans.entries()) {
    const misfit = misfits.get(index)
    if (misfit === undefined || declaredType(overrides[plan.name]) === null) continue
    const more = misfit.count > 1 ? ` and ${misfit.count - 1} more cells of the column` : ''
    const detail =
      `${misfit.place.words}, column ${JSON.stringify(plan.name)}: expected ${expected[plan.type]}, received ` +
      `${JSON.stringify(misfit.cell)}${more}. Mend the data, or declare the column as category.`
    errors.push({ in: 'body', pointer: misfit.place.pointer, detail })
  }
  if (errors.length > 0) throw new Problem('invalid_column', errors.map(({ detail }) => detail).join(' '), { errors })
}

/** Refuses overrides of columns that are not there. @throws {Problem} unknown_column */
export function assertOverridesExist(names: readonly string[], overrides: ColumnOverrides): void {
  const errors = Object.keys(overrides)
    .filter((name) => !names.includes(name))
    .map((name): ProblemPart => {
      const detail = `columns: there is no column ${JSON.stringify(name)}; the data has ${names.join(', ')}.`
      return { in: 'body', pointer: pointer('columns', name), detail }
    })
  if (errors.length > 0) throw new Problem('unknown_column', errors.map(({ detail }) => detail).join(' '), { errors })
}
