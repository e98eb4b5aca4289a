/**
 * Tables as bytes: a magic word, a JSON header, then the cells of each column as little-endian typed arrays at offsets
 * divisible by 8. Reading copies nothing but what is not aligned. Numbers keep all 64 bits.
 */
import type { Column, ColumnType, Table } from './table.ts'

/** "fitserve table 1". */
const MAGIC = 0x31545346

interface Header {
  readonly row_count: number
  readonly columns: readonly {
    readonly name: string
    readonly type: ColumnType
    readonly offset: number
    readonly categories?: readonly string[]
  }[]
}

const cellBytes: Readonly<Record<ColumnType, number>> = { number: 8, category: 4, boolean: 1 }

const aligned = (size: number): number => Math.ceil(size / 8) * 8

/** The table as one block of bytes. */
export function tableToBytes(table: Table): Uint8Array {
  let size = 0
  const columns = table.columns.map((column) => {
    const offset = size
    size += aligned(table.rowCount * cellBytes[column.type])
    const described = { name: column.name, type: column.type, offset }
    return column.type === 'category' ? { ...described, categories: column.categories } : described
  })
  const header = new TextEncoder().encode(JSON.stringify({ row_count: table.rowCount, columns } satisfies Header))
  const start = 8 + aligned(header.length)
  const bytes = new Uint8Array(start + size)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, MAGIC, true)
  view.setUint32(4, header.length, true)
  bytes.set(header, 8)
  for (const [index, column] of table.columns.entries()) {
    const cells = column.type === 'category' ? column.codes : column.values
    bytes.set(new Uint8Array(cells.buffer, cells.byteOffset, cells.byteLength), start + (columns[index]?.offset ?? 0))
  }
  return bytes
}

/** The table of `tableToBytes`; its columns may be views into `bytes`. */
export function tableFromBytes(bytes: Uint8Array): Table {
  const source = bytes.byteOffset % 8 === 0 ? bytes : bytes.slice()
  const view = new DataView(source.buffer, source.byteOffset, source.byteLength)
  if (source.length < 8 || view.getUint32(0, true) !== MAGIC) throw new Error('these bytes are not a fitserve table')
  const headerLength = view.getUint32(4, true)
  const header = JSON.parse(new TextDecoder().decode(source.subarray(8, 8 + headerLength))) as Header // written by tableToBytes
  const start = source.byteOffset + 8 + aligned(headerLength)
  const rowCount = header.row_count
  const columns = header.columns.map(({ name, type, offset, categories }): Column => {
    const at = start + offset
    if (type === 'number') return { name, type, values: new Float64Array(source.buffer, at, rowCount) }
    if (type === 'boolean') return { name, type, values: new Int8Array(source.buffer, at, rowCount) }
    return { name, type, codes: new Int32Array(source.buffer, at, rowCount), categories: categories ?? [] }
  })
  return { rowCount, columns }
}
