/**
 * Tables as bytes: a magic word, a JSON header, then the cells of each column as little-endian typed arrays at offsets
 * divisible by 8. Reading copies nothing but what is not aligned. Numbers keep all 64 bits; tensors take one byte or four
 * per number.
 */
import { elementCount } from '../onnx/tensor.ts'
import { type Column, type ColumnType, cellsOf, type Table } from './table.ts'

/** "fitserve table 1". */
const MAGIC = 0x31545346

type Cells = Float64Array | Float32Array | Int32Array | Int8Array | Uint8Array

interface StoredColumn {
  readonly name: string
  readonly type: ColumnType
  readonly offset: number
  readonly categories?: readonly string[]
  readonly shape?: readonly number[]
  readonly element?: 'uint8' | 'float32'
  /** Where the lengths of padded sequences stand. */
  readonly lengths_offset?: number
}

interface Header {
  readonly row_count: number
  readonly columns: readonly StoredColumn[]
}

const aligned = (size: number): number => Math.ceil(size / 8) * 8

/** The table as one block of bytes. */
export function tableToBytes(table: Table): Uint8Array {
  const blocks: { offset: number; cells: Cells }[] = []
  let size = 0
  const place = (cells: Cells): number => {
    const offset = size
    blocks.push({ offset, cells })
    size += aligned(cells.byteLength)
    return offset
  }
  const columns = table.columns.map((column) => storedColumn(column, place))
  const header = new TextEncoder().encode(JSON.stringify({ row_count: table.rowCount, columns } satisfies Header))
  const start = 8 + aligned(header.length)
  const bytes = new Uint8Array(start + size)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, MAGIC, true)
  view.setUint32(4, header.length, true)
  bytes.set(header, 8)
  for (const { offset, cells } of blocks) {
    bytes.set(new Uint8Array(cells.buffer, cells.byteOffset, cells.byteLength), start + offset)
  }
  return bytes
}

function storedColumn(column: Column, place: (cells: Cells) => number): StoredColumn {
  const { name, type } = column
  if (type !== 'tensor') {
    const stored = { name, type, offset: place(cellsOf(column)) }
    return type === 'category' ? { ...stored, categories: column.categories } : stored
  }
  const { shape, values, lengths } = column
  const element = values instanceof Uint8Array ? 'uint8' : 'float32'
  return {
    ...{ name, type, offset: place(values), shape, element },
    ...(lengths && { lengths_offset: place(lengths) }),
  }
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
  return { rowCount, columns: header.columns.map((stored) => loadedColumn(stored, source.buffer, start, rowCount)) }
}

function loadedColumn(stored: StoredColumn, buffer: ArrayBufferLike, start: number, rowCount: number): Column {
  const { name, type, shape = [], lengths_offset: lengthsOffset } = stored
  const at = start + stored.offset
  if (type === 'number') return { name, type, values: new Float64Array(buffer, at, rowCount) }
  if (type === 'boolean') return { name, type, values: new Int8Array(buffer, at, rowCount) }
  if (type === 'category') {
    return { name, type, codes: new Int32Array(buffer, at, rowCount), categories: stored.categories ?? [] }
  }
  const count = rowCount * elementCount(shape)
  const values = stored.element === 'uint8' ? new Uint8Array(buffer, at, count) : new Float32Array(buffer, at, count)
  const lengths = lengthsOffset === undefined ? null : new Int32Array(buffer, start + lengthsOffset, rowCount)
  return { name, type, shape, values, lengths }
}
