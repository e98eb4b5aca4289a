/** Attributes of nodes to and from `AttributeProto`. */
import { type Attribute, Graph } from './graph.ts'
import type { ElementType, Tensor } from './tensor.ts'
import { elementTypeCodes, readTensor, type TensorProto, typeOfCode, writeTensor } from './tensor-proto.ts'

export interface AttributeProto {
  name: string
  type?: number | string
  f?: number
  i?: number
  s?: Uint8Array
  t?: TensorProto
  g?: unknown
  floats?: number[]
  ints?: number[]
  strings?: Uint8Array[]
}

/** `AttributeProto.AttributeType`. */
const kinds = { float: 1, int: 2, string: 3, tensor: 4, graph: 5, floats: 6, ints: 7, strings: 8 } as const

/** Numbers are integers in ONNX, but for these attributes, which are floats in every operator that has them. */
const floatAttributes: ReadonlySet<string> = new Set([
  'alpha',
  'beta',
  'gamma',
  'epsilon',
  'momentum',
  'lambd',
  'bias',
  'seed',
  'low',
  'high',
  'mean',
  'scale',
  'value_float',
  'value_floats',
  'activation_alpha',
  'activation_beta',
  'clip',
  'default_float',
])

/** `seed` is a float in `RandomNormal` and its like, an integer here. */
const isFloat = (opType: string, name: string) =>
  floatAttributes.has(name) && !(opType === 'Dropout' && name === 'seed')

const encoder = new TextEncoder()
const decoder = new TextDecoder()

const isTensor = (value: Attribute): value is Tensor => typeof value === 'object' && 'dims' in value

/** The protobuf form of an attribute of an operator; `writeGraph` writes bodies. */
export function writeAttribute(
  opType: string,
  name: string,
  value: Attribute,
  writeGraph: (graph: Graph) => unknown,
): AttributeProto {
  if (value instanceof Graph) return { name, type: kinds.graph, g: writeGraph(value) }
  if (typeof value === 'number') {
    return isFloat(opType, name) ? { name, type: kinds.float, f: value } : { name, type: kinds.int, i: value }
  }
  if (typeof value === 'string') {
    // Cast's `to` is an element type by name here and a number in the file
    return name === 'to'
      ? { name, type: kinds.int, i: elementTypeCodes[value as ElementType] }
      : { name, type: kinds.string, s: encoder.encode(value) }
  }
  if (isTensor(value)) return { name, type: kinds.tensor, t: writeTensor(value, '') }
  if (value.every((item) => typeof item === 'string')) {
    return value.length > 0
      ? { name, type: kinds.strings, strings: value.map((item) => encoder.encode(item)) }
      : { name, type: kinds.ints, ints: [] }
  }
  const numbers = value as readonly number[]
  return isFloat(opType, name)
    ? { name, type: kinds.floats, floats: [...numbers] }
    : { name, type: kinds.ints, ints: [...numbers] }
}

const readers: Readonly<Record<number, (proto: AttributeProto) => Attribute>> = {
  [kinds.float]: ({ f }) => f ?? 0,
  [kinds.int]: ({ name, i }) => (name === 'to' ? typeOfCode(i ?? 0) : (i ?? 0)),
  [kinds.string]: ({ s }) => decoder.decode(s),
  [kinds.tensor]: ({ t }) => readTensor(t ?? {}),
  [kinds.floats]: ({ floats }) => floats ?? [],
  [kinds.ints]: ({ ints }) => ints ?? [],
  [kinds.strings]: ({ strings }) => (strings ?? []).map((item) => decoder.decode(item)),
}

/** An attribute from its protobuf form; `readGraph` reads bodies. Throws where the kind is not known. */
export function readAttribute(proto: AttributeProto, readGraph: (proto: unknown) => Graph): Attribute {
  if (proto.type === kinds.graph) return readGraph(proto.g)
  const read = readers[Number(proto.type)]
  if (!read) throw new Error(`attribute ${proto.name} is of a kind that is not supported (${proto.type})`)
  return read(proto)
}
