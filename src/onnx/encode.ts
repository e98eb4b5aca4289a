/**
 * Writes messages of ONNX's protobuf descriptor. protobuf.js compiles code for each type of message before it writes the first
 * one, which takes longer than to write all graphs that most processes will ever write; here the descriptor is walked.
 * Numbers up to 2^53, no maps and no groups: ONNX has none.
 */
import protobuf from 'protobufjs'
import { onnxProto } from './onnx-proto.ts'

interface FieldForm {
  readonly type: string
  readonly id: number
  readonly rule?: string
  readonly options?: { readonly packed?: boolean }
}

interface TypeForm {
  readonly fields?: Readonly<Record<string, FieldForm>>
  readonly nested?: Readonly<Record<string, TypeForm>>
}

type Writer = protobuf.Writer
/** Writes what stands in a field, its tag in front. */
type WriteField = (writer: Writer, value: never) => void

/** Of a message, in the order of the fields' numbers. */
type Encoder = readonly (readonly [field: string, write: WriteField])[]

/** Wire types of the protobuf encoding. */
const varint = 0
const eightBytes = 1
const delimited = 2
const fourBytes = 5

interface Scalar {
  readonly wire: number
  readonly write: (writer: Writer, value: never) => unknown
}

const scalars: Readonly<Record<string, Scalar>> = {
  string: { wire: delimited, write: (writer, value: string) => writer.string(value) },
  bytes: { wire: delimited, write: (writer, value: Uint8Array) => writer.bytes(value) },
  float: { wire: fourBytes, write: (writer, value: number) => writer.float(value) },
  double: { wire: eightBytes, write: (writer, value: number) => writer.double(value) },
  int32: { wire: varint, write: (writer, value: number) => writer.int32(value) },
  int64: { wire: varint, write: (writer, value: number) => writer.int64(value) },
  uint64: { wire: varint, write: (writer, value: number) => writer.uint64(value) },
}

const root = onnxProto.nested.onnx as TypeForm // enumerations are forms without fields
const encoders = new Map<TypeForm, Encoder>()

/**
 * The bytes of a message: an object with the descriptor's field names, where what is left out is not written.
 * @param type the message's name, as `ModelProto`
 */
export function encode(type: string, message: object): Uint8Array {
  const writer = protobuf.Writer.create()
  write(writer, encoderOf([root, formOf([root], type)]), message)
  return writer.finish()
}

function write(writer: Writer, encoder: Encoder, message: object): void {
  const fields = message as Readonly<Record<string, unknown>>
  for (const [field, writeField] of encoder) {
    const value = fields[field]
    if (value !== undefined) writeField(writer, value as never) // the message's own interface says what its fields hold
  }
}

/** A type by its name, looked for from the inside of a message outwards. */
function formOf(scopes: readonly TypeForm[], name: string): TypeForm {
  const scope = scopes.findLast(({ nested }) => nested && Object.hasOwn(nested, name))
  const form = scope?.nested?.[name]
  if (!form) throw new Error(`ONNX has no message ${name}`)
  return form
}

/** @param scopes the message's form, behind those of the messages it is declared in */
function encoderOf(scopes: readonly TypeForm[]): Encoder {
  const form = scopes.at(-1) as TypeForm
  const known = encoders.get(form)
  if (known) return known
  const fields = Object.entries(form.fields ?? {}).sort(([, a], [, b]) => a.id - b.id)
  const encoder = fields.map(([name, field]) => [name, fieldWriter(scopes, field)] as const)
  encoders.set(form, encoder)
  return encoder
}

function fieldWriter(scopes: readonly TypeForm[], { type, id, rule, options }: FieldForm): WriteField {
  const scalar = scalars[type]
  if (options?.packed && scalar) return packedWriter(id, scalar)
  const one = scalar ? scalarWriter(id, scalar) : messageWriter(scopes, type, id)
  if (rule !== 'repeated') return one
  return (writer, values: readonly never[]) => {
    for (const value of values) one(writer, value)
  }
}

const tagOf = (id: number, wire: number) => (id << 3) | wire

function scalarWriter(id: number, scalar: Scalar): WriteField {
  const tag = tagOf(id, scalar.wire)
  return (writer, value) => {
    scalar.write(writer.uint32(tag), value)
  }
}

function packedWriter(id: number, scalar: Scalar): WriteField {
  const tag = tagOf(id, delimited)
  return (writer, values: readonly never[]) => {
    if (values.length === 0) return
    writer.uint32(tag).fork()
    for (const value of values) scalar.write(writer, value)
    writer.ldelim()
  }
}

/** Of a message or of one of an enumeration's numbers; which of both is looked up when the first one is written. */
function messageWriter(scopes: readonly TypeForm[], type: string, id: number): WriteField {
  const tag = tagOf(id, delimited)
  let encoder: Encoder | null = null
  return (writer, value: object | number) => {
    if (typeof value === 'number') {
      writer.uint32(tagOf(id, varint)).int32(value)
      return
    }
    encoder ??= encoderOf([...scopes, formOf(scopes, type)])
    writer.uint32(tag).fork()
    write(writer, encoder, value)
    writer.ldelim()
  }
}
