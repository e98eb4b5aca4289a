/**
 * ONNX files: a `Graph` to the bytes of a `ModelProto` and back.
 * Opset 21, IR version 10; `ai.onnx.ml` 4 and `com.microsoft` 1 where their operators are used.
 * @see https://github.com/onnx/onnx/blob/main/docs/IR.md
 */
import protobuf from 'protobufjs'
import { type AttributeProto, readAttribute, writeAttribute } from './attributes.ts'
import type { Dim, Shape } from './dims.ts'
import { encode } from './encode.ts'
import { type Attribute, Graph, type Node } from './graph.ts'
import { onnxProto } from './onnx-proto.ts'
import { type OpType, requiredOutputs } from './ops.ts'
import { valuesRead } from './passes/prune.ts'
import { shapeRules } from './shapes/index.ts'
import type { InferredOutput } from './shapes/rule.ts'
import type { ElementType } from './tensor.ts'
import { elementTypeCodes, readTensor, type TensorProto, typeOfCode, writeTensor } from './tensor-proto.ts'
import { uncopied, uncopiedNode, uncopiedOutput } from './uncopied.ts'
import { Value } from './value.ts'

export const opset = 21
const irVersion = 10
const domainVersions: Readonly<Record<string, number>> = { '': opset, 'ai.onnx.ml': 4, 'com.microsoft': 1 }

let modelProto: protobuf.Type | null = null

/** What reads files; made for the first one. */
function readerOfModels(): protobuf.Type {
  modelProto ??= protobuf.Root.fromJSON(onnxProto).lookupType('onnx.ModelProto')
  return modelProto
}

interface DimProto {
  dimValue?: number
  dimParam?: string
}
interface ValueInfoProto {
  name: string
  type: { tensorType: { elemType: number; shape?: { dim?: DimProto[] } } }
}
interface NodeProto {
  opType: string
  domain?: string
  name?: string
  input?: string[]
  output?: string[]
  attribute?: AttributeProto[]
}
export interface GraphProto {
  name?: string
  node?: NodeProto[]
  initializer?: TensorProto[]
  input?: ValueInfoProto[]
  output?: ValueInfoProto[]
  valueInfo?: ValueInfoProto[]
}

export interface ModelSettings {
  /** Free texts kept in the file (`metadata_props`). */
  readonly metadata?: Readonly<Record<string, string>>
  /** Whether runs may write all outputs into tensors of the caller without copies (./uncopied.ts). */
  readonly writesInto?: boolean
}

/** The bytes of a model file that holds the graph. */
export function toBytes(graph: Graph, { metadata = {}, writesInto = false }: ModelSettings = {}): Uint8Array {
  const domains = new Set([''])
  collectDomains(graph, domains)
  const message = {
    irVersion,
    producerName: 'fitserve',
    opsetImport: [...domains].map((domain) => ({ domain, version: domainVersions[domain] ?? 1 })),
    metadataProps: Object.entries(metadata).map(([key, value]) => ({ key, value })),
    graph: writesInto ? withUncopied(writeGraph(graph)) : writeGraph(graph),
  }
  return encode('ModelProto', message)
}

function collectDomains(graph: Graph, domains: Set<string>): void {
  for (const node of graph.nodes) {
    domains.add(node.domain)
    for (const attribute of Object.values(node.attributes)) {
      if (attribute instanceof Graph) collectDomains(attribute, domains)
    }
  }
}

const writeDim = (dim: Dim): DimProto => (typeof dim === 'number' ? { dimValue: dim } : { dimParam: dim })

function writeValueInfo({ name, type, shape }: Value): ValueInfoProto {
  return { name, type: { tensorType: { elemType: elementTypeCodes[type], shape: { dim: shape.map(writeDim) } } } }
}

function writeGraph(graph: Graph): GraphProto {
  const read = new Set([...graph.outputs, ...graph.nodes.flatMap(valuesRead)])
  return {
    name: graph.name,
    node: graph.nodes.map((node) => writeNode(node, read)),
    initializer: graph.initializers.flatMap(({ name, data }) => (data ? [writeTensor(data, name)] : [])),
    input: graph.inputs.map(writeValueInfo),
    output: graph.outputs.map(writeValueInfo),
  }
}

function withUncopied({ node = [], output = [], ...graph }: ReturnType<typeof writeGraph>) {
  return { ...graph, node: [uncopiedNode, ...node], output: [uncopiedOutput, ...output] }
}

/** The names of a node's outputs; those that may be missing and that nobody reads are left out. */
function outputNames({ opType, outputs }: Node, read: ReadonlySet<Value>): string[] {
  const required = requiredOutputs[opType as OpType] ?? outputs.length
  const names = outputs.map((output, i) => (i < required || read.has(output) ? output.name : ''))
  while (names.length > required && names.at(-1) === '') names.pop()
  return names
}

function writeNode(node: Node, read: ReadonlySet<Value>): NodeProto {
  return {
    opType: node.opType,
    domain: node.domain,
    name: node.name,
    input: node.inputs.map((input) => input?.name ?? ''),
    output: outputNames(node, read),
    attribute: Object.entries(node.attributes).map(([name, value]) =>
      writeAttribute(node.opType, name, value, writeGraph),
    ),
  }
}

/**
 * The graph of a model file, its inner shapes inferred by the shape rules; values of operators without a rule carry what
 * `value_info` states.
 * @throws {Error} where the bytes are no ONNX model
 */
export function fromBytes(bytes: Uint8Array): { graph: Graph; metadata: Readonly<Record<string, string>> } {
  const reader = readerOfModels()
  const message = reader.toObject(reader.decode(bytes), { longs: Number, defaults: false }) as {
    graph?: GraphProto
    metadataProps?: { key: string; value: string }[]
  }
  if (!message.graph) throw new Error('the file holds no graph')
  const { node = [], output = [], ...rest } = message.graph
  const isOurs = ({ name }: { name?: string }) => name !== uncopied
  const proto = { ...rest, node: node.filter(isOurs), output: output.filter(isOurs) }
  const metadata = Object.fromEntries((message.metadataProps ?? []).map(({ key, value }) => [key, value]))
  return { graph: readGraph(proto, Graph.create(proto.name ?? 'graph'), new Map()), metadata }
}

const readDim = (dim: DimProto, axis: number): Dim => dim.dimValue ?? dim.dimParam ?? `dim${axis}`

function readInfo({ type }: ValueInfoProto): { type: ElementType; shape: Shape } {
  const { elemType, shape } = type.tensorType
  return { type: typeOfCode(elemType), shape: (shape?.dim ?? []).map(readDim) }
}

function readGraph(proto: GraphProto, graph: Graph, outer: ReadonlyMap<string, Value>): Graph {
  const values = new Map(outer)
  const infos = new Map(
    [...(proto.valueInfo ?? []), ...(proto.output ?? [])].map((info) => [info.name, readInfo(info)]),
  )
  const keep = (value: Value) => values.set(value.name, value)
  for (const tensor of proto.initializer ?? []) keep(graph.constant(readTensor(tensor), tensor.name ?? ''))
  for (const info of proto.input ?? []) {
    const { type, shape } = readInfo(info)
    if (!values.has(info.name)) keep(graph.input(info.name, type, shape))
  }
  const find = (name: string) => {
    const value = values.get(name)
    if (!value) throw new Error(`nothing gives the value ${name}`)
    return value
  }
  for (const node of proto.node ?? []) {
    const read = readNode(node, graph, find, values, infos)
    graph.nodes.push(read)
    read.outputs.forEach(keep)
  }
  for (const { name } of proto.output ?? []) graph.output(find(name))
  return graph
}

/** The names of a node's outputs, `''` for those that the file leaves out: gradient rules may want them. */
function namesRead({ opType, output = [] }: NodeProto, count: number): readonly string[] {
  if (!Object.hasOwn(requiredOutputs, opType)) return output
  return Array.from({ length: Math.max(count, output.length) }, (_, i) => output[i] ?? '')
}

function readNode(
  proto: NodeProto,
  graph: Graph,
  find: (name: string) => Value,
  values: ReadonlyMap<string, Value>,
  infos: ReadonlyMap<string, InferredOutput>,
): Node {
  const attributes: Record<string, Attribute> = {}
  for (const attribute of proto.attribute ?? []) {
    attributes[attribute.name] = readAttribute(attribute, (body) =>
      readGraph(body as GraphProto, graph.subgraph((body as GraphProto).name ?? 'body'), values),
    )
  }
  const inputs = (proto.input ?? []).map((name) => (name === '' ? null : find(name)))
  // a rule knows more than the file says; operators without one keep what the file says
  const rule = Object.hasOwn(shapeRules, proto.opType) ? shapeRules[proto.opType as OpType] : null
  const inferred = rule ? rule({ inputs, attributes }) : []
  return {
    opType: proto.opType,
    domain: proto.domain ?? '',
    name: proto.name ?? '',
    inputs,
    outputs: namesRead(proto, inferred.length).map((name, i) => {
      const { type, shape, contents } = inferred[i] ?? infos.get(name) ?? unknown
      return new Value(name || graph.uniqueName(`${proto.opType}_unread`), type, shape, { contents: contents ?? null })
    }),
    attributes,
  }
}

const unknown: InferredOutput = { type: 'float32', shape: [] }
