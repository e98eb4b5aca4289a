/** Tensors to and from `TensorProto`: raw little-endian bytes, texts as `string_data`. */
import { type ElementArrays, type ElementType, elementCount, type Tensor } from './tensor.ts'

export interface TensorProto {
  name?: string
  dims?: number[]
  dataType?: number
  rawData?: Uint8Array
  stringData?: Uint8Array[]
  floatData?: number[]
  doubleData?: number[]
  int32Data?: number[]
  int64Data?: number[]
  uint64Data?: number[]
}

/** `TensorProto.DataType`. */
export const elementTypeCodes: Readonly<Record<ElementType, number>> = {
  float32: 1,
  uint8: 2,
  int32: 6,
  int64: 7,
  string: 8,
  bool: 9,
  float64: 11,
  uint32: 12,
}

/** The element type of a code; throws for those that fitserve does not hold. */
export function typeOfCode(code: number): ElementType {
  const found = (Object.keys(elementTypeCodes) as ElementType[]).find((type) => elementTypeCodes[type] === code)
  if (!found) throw new Error(`element type ${code} is not supported`)
  return found
}

/** The protobuf form of a tensor. */
export function writeTensor(tensor: Tensor, name: string): TensorProto {
  const head = { name, dims: [...tensor.dims], dataType: elementTypeCodes[tensor.type] }
  if (tensor.type === 'string') {
    const encoder = new TextEncoder()
    return { ...head, stringData: (tensor.data as readonly string[]).map((text) => encoder.encode(text)) }
  }
  const { buffer, byteOffset, byteLength } = tensor.data as Exclude<ElementArrays[ElementType], readonly string[]>
  return { ...head, rawData: new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength) }
}

type NumberType = Exclude<ElementType, 'string'>

const arrays: { [T in NumberType]: (buffer: ArrayBuffer) => ElementArrays[T] } = {
  float32: (buffer) => new Float32Array(buffer),
  float64: (buffer) => new Float64Array(buffer),
  int64: (buffer) => new BigInt64Array(buffer),
  int32: (buffer) => new Int32Array(buffer),
  uint32: (buffer) => new Uint32Array(buffer),
  uint8: (buffer) => new Uint8Array(buffer),
  bool: (buffer) => new Uint8Array(buffer),
}

/** The typed fields that other writers use in place of `raw_data`. */
const fields: { [T in NumberType]: (proto: TensorProto) => ElementArrays[T] } = {
  float32: ({ floatData = [] }) => Float32Array.from(floatData),
  float64: ({ doubleData = [] }) => Float64Array.from(doubleData),
  int64: ({ int64Data = [] }) => BigInt64Array.from(int64Data, (value) => BigInt(value)),
  int32: ({ int32Data = [] }) => Int32Array.from(int32Data),
  uint32: ({ uint64Data = [] }) => Uint32Array.from(uint64Data),
  uint8: ({ int32Data = [] }) => Uint8Array.from(int32Data),
  bool: ({ int32Data = [] }) => Uint8Array.from(int32Data),
}

/** A tensor from its protobuf form. Throws where the number of elements does not fit the dimensions. */
export function readTensor(proto: TensorProto): Tensor {
  const type = typeOfCode(proto.dataType ?? 0)
  const dims = proto.dims ?? []
  const data = readData(type, proto)
  if (data.length !== elementCount(dims)) {
    throw new Error(`tensor ${proto.name ?? ''} has ${data.length} elements for shape [${dims}]`)
  }
  return { type, dims, data } as Tensor
}

function readData(type: ElementType, proto: TensorProto): ElementArrays[ElementType] {
  if (type === 'string') {
    const decoder = new TextDecoder()
    return (proto.stringData ?? []).map((bytes) => decoder.decode(bytes))
  }
  if (proto.rawData === undefined || proto.rawData.length === 0) return fields[type](proto)
  // a copy, since the bytes of a message do not start at a multiple of the element's size
  return arrays[type](new Uint8Array(proto.rawData).buffer as ArrayBuffer)
}
