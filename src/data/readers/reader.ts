/** What every reader takes and gives. */
import type { Warning } from '../../errors.ts'
import type { ColumnInfo, ColumnOverrides } from '../columns.ts'
import type { Table } from '../table.ts'
import type { Dialect } from './dialect.ts'
import type { Decimal } from './number-text.ts'

export interface ReadOptions {
  /** A key of `formats`; found from the first byte when left out. */
  readonly format?: string | undefined
  readonly columns?: ColumnOverrides | undefined
  /** CSV only: in place of what would be sniffed. */
  readonly delimiter?: string | undefined
  readonly decimal?: Decimal | undefined
}

export interface ReadTable {
  readonly table: Table
  readonly format: string
  readonly columns: ColumnInfo[]
  readonly warnings: Warning[]
  /** How the file is written, told back; null where the format has no dialects. */
  readonly dialect: Dialect | null
}

/** One format: bytes in, a table out. */
export type Reader = (bytes: Uint8Array, options: ReadOptions) => Promise<Omit<ReadTable, 'columns'>>
