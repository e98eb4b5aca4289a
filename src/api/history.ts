/** The history of a training as a table: its columns in the order of Keras' History, as CSV, and as series to draw. */
import type { HistoryRow } from '../store/schema.ts'

/** `epoch` first, then every measure in the order the rows bring them, then rate and seconds. */
export function historyColumns(rows: readonly HistoryRow[]): string[] {
  const last = ['learning_rate', 'seconds']
  const keys = new Set(rows.flatMap((row) => Object.keys(row)))
  const measures = [...keys].filter((key) => key !== 'epoch' && !last.includes(key))
  return ['epoch', ...measures, ...last]
}

/** RFC 4180: a header, CRLF, an empty cell for a value that is not a finite number. Names of metrics need no quotes. */
export function historyCsv(rows: readonly HistoryRow[]): string {
  const columns = historyColumns(rows)
  const lines = rows.map((row) => columns.map((column) => row[column] ?? '').join(','))
  return [columns.join(','), ...lines, ''].join('\r\n')
}

/** One measure: its values in training and, where there is a validation part, in validation, per epoch. */
export interface Curve {
  readonly measure: string
  readonly train: readonly Point[]
  readonly validation: readonly Point[]
}

/** An epoch and a value; epochs whose value was not finite have none. */
export interface Point {
  readonly epoch: number
  readonly value: number
}

/** The curves to draw: the loss first, then each metric, `val_` beside the one it belongs to. */
export function curvesOf(rows: readonly HistoryRow[]): Curve[] {
  const measures = historyColumns(rows).filter(
    (column) => !column.startsWith('val_') && !['epoch', 'learning_rate', 'seconds'].includes(column),
  )
  const points = (key: string) =>
    rows.flatMap((row) => {
      const value = row[key]
      return value === null || value === undefined ? [] : [{ epoch: row.epoch, value }]
    })
  return measures.map((measure) => ({ measure, train: points(measure), validation: points(`val_${measure}`) }))
}
