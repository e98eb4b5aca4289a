/**
 * The safetensors file format, float32 only: 8 bytes of header length, a JSON header, the tensors' bytes back to back.
 * @see https://huggingface.co/docs/safetensors/index#format
 */
import { elementCount } from './tensor.ts'

export interface NamedTensor {
  readonly shape: readonly number[]
  readonly data: Float32Array
}

export interface SafetensorsFile {
  readonly tensors: ReadonlyMap<string, NamedTensor>
  readonly metadata: Readonly<Record<string, string>>
}

interface Entry {
  readonly dtype: string
  readonly shape: readonly number[]
  readonly data_offsets: readonly [number, number]
}

const metadataKey = '__metadata__'

/** The bytes of a file: tensors in the order given, the header padded with spaces to 8 bytes. */
export function toSafetensors({ tensors, metadata }: SafetensorsFile): Uint8Array {
  const header: Record<string, unknown> = { [metadataKey]: metadata }
  let offset = 0
  for (const [name, { shape, data }] of tensors) {
    header[name] = { dtype: 'F32', shape, data_offsets: [offset, offset + data.byteLength] } satisfies Entry
    offset += data.byteLength
  }
  const json = Buffer.from(JSON.stringify(header))
  const headerLength = Math.ceil(json.length / 8) * 8
  const bytes = Buffer.alloc(8 + headerLength + offset, ' ')
  bytes.writeBigUInt64LE(BigInt(headerLength), 0)
  json.copy(bytes, 8)
  let at = 8 + headerLength
  for (const { data } of tensors.values()) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at)
    at += data.byteLength
  }
  return bytes
}

/** Reads a file. Throws where it is cut short, malformed, or holds anything but float32. */
export function fromSafetensors(bytes: Uint8Array): SafetensorsFile {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const headerLength = buffer.length >= 8 ? Number(buffer.readBigUInt64LE(0)) : Number.NaN
  if (!(8 + headerLength <= buffer.length)) throw new Error('the safetensors file is cut short')
  const header = JSON.parse(buffer.toString('utf8', 8, 8 + headerLength)) as Record<string, unknown>
  const body = bytes.subarray(8 + headerLength)
  const tensors = new Map<string, NamedTensor>()
  for (const [name, entry] of Object.entries(header)) {
    if (name !== metadataKey) tensors.set(name, readEntry(name, entry as Entry, body))
  }
  return { tensors, metadata: (header[metadataKey] ?? {}) as Record<string, string> }
}

function readEntry(name: string, { dtype, shape, data_offsets: [start, end] }: Entry, body: Uint8Array): NamedTensor {
  if (dtype !== 'F32') throw new Error(`tensor ${name} is ${dtype}, only F32 is read`)
  if (end > body.length || end - start !== 4 * elementCount(shape))
    throw new Error(`tensor ${name} does not fit its place`)
  // a copy, since the place may not start at a multiple of four bytes
  return { shape, data: new Float32Array(new Uint8Array(body.subarray(start, end)).buffer) }
}
