/**
 * Puts convolutions of images, and what stands between them, into ONNX Runtime's blocked layout (src/onnx/blocked.ts) before a
 * graph is differentiated. ONNX Runtime does so by itself for constant weights only, and the weights of a training move.
 * What cannot work on blocks gets the image back as it was.
 */
import { blockedConv, blockedMaxPool, blockFilters, fromBlocks, resultOf, toBlocks } from '../../onnx/blocked.ts'
import { type Builder, createBuilder } from '../../onnx/builder.ts'
import { hasNoGradient } from '../../onnx/constant-value.ts'
import { fixedShape } from '../../onnx/dims.ts'
import type { Graph, Node } from '../../onnx/graph.ts'
import { valuesRead } from '../../onnx/passes/prune.ts'
import { countReaders } from '../../onnx/passes/readers.ts'
import { type Real, Value } from '../../onnx/value.ts'
import { areTiles, spanOf, type WindowAttributes } from '../../onnx/windows.ts'
import { dependents, type OwnRule, type OwnRules } from '../gradients.ts'
import { windowsOver } from '../spatial.ts'
import { convolveInPhases } from './phases.ts'
import {
  type BlockedConvolution,
  type Blocks,
  blockedConvRule,
  blockedMaxPoolRule,
  fromBlocksRule,
  toBlocksRule,
} from './rules.ts'

export interface BlockSettings extends Blocks {
  /** Values that will be read by what is not in the graph yet. */
  readonly kept: readonly Value[]
  /** What the gradient will be asked for. */
  readonly wrt: readonly Value[]
}

/** Operators of one image, number by number. */
const elementwise = new Set([
  'Relu',
  'LeakyRelu',
  'Elu',
  'Selu',
  'Sigmoid',
  'HardSigmoid',
  'Tanh',
  'Softplus',
  'Softsign',
])

interface Pass {
  readonly graph: Graph
  readonly op: Builder
  readonly settings: BlockSettings
  readonly readers: ReadonlyMap<Value, number>
  readonly active: ReadonlySet<Value>
  readonly rules: Map<Node, OwnRule>
  /** The blocked form of values, by the value as it was. */
  readonly blocked: Map<Value, Real>
  /** Values of which there is the blocked form only, so far. */
  readonly pending: Set<Value>
  /** Convolutions that may be taken apart by the pool that reads them, by what they give. */
  readonly convolutions: Map<Value, Convolution>
}

interface Convolution extends BlockedConvolution {
  readonly bias: Real | null
  readonly node: Node
}

/** Changes the graph in place, and gives the gradient rules of the nodes that it put in. */
export function blockChannels(graph: Graph, settings: BlockSettings): OwnRules {
  const before = graph.nodes
  const pass: Pass = {
    graph,
    op: createBuilder(graph),
    settings,
    readers: countReaders(graph, settings.kept),
    active: dependents(before, settings.wrt),
    rules: new Map(),
    blocked: new Map(),
    pending: new Set(),
    convolutions: new Map(),
  }
  graph.nodes = []
  for (const node of before) {
    if (convert(pass, node)) continue
    for (const value of valuesRead(node)) unblock(pass, value)
    graph.nodes.push(node)
  }
  for (const value of [...settings.kept, ...graph.outputs]) unblock(pass, value)
  return pass.rules
}

/** Adds a node's blocked form; false where it has none. */
function convert(pass: Pass, node: Node): boolean {
  if (node.domain !== '') return false
  if (node.opType === 'Conv') return convertConv(pass, node)
  if (!pass.blocked.has(node.inputs[0] as Value)) return false
  if (node.opType === 'MaxPool') return convertPool(pass, node)
  if (node.opType === 'Transpose') return convertTranspose(pass, node)
  return elementwise.has(node.opType) && convertElementwise(pass, node)
}

function convertConv(pass: Pass, node: Node): boolean {
  const [x, w, bias = null] = node.inputs as [Real, Real, (Real | null)?]
  const y = node.outputs[0] as Real
  const { block } = pass.settings
  if (!canBlock(node, x, w, block)) return false
  const slides = windowsOver(x, node.attributes as WindowAttributes, w)
  const { op } = pass
  for (const value of [w, bias]) if (value) unblock(pass, value)
  const image = Number(x.shape[1]) < block ? unblock(pass, x) : blockedForm(pass, x)
  const filters = blockFilters(op, w, block)
  const made = blockedConv(op, { x: image, filters, bias, slides, shape: y.shape })
  const convolution = { x: image, w, filters, slides, bias, node: made }
  pass.rules.set(made, blockedConvRule(convolution, pass.settings))
  give(pass, y, resultOf(made))
  // an image that is blocked itself could not be cropped
  if (!pass.active.has(x) && image === x && pass.readers.get(y) === 1) pass.convolutions.set(y, convolution)
  return true
}

/** Images of known size, stride 1, pads that a convolution of the other direction can make up for, whole blocks of channels. */
function canBlock({ attributes }: Node, x: Real, w: Real, block: number): boolean {
  const shape = fixedShape([...x.shape.slice(1), ...w.shape])
  if (x.type !== 'float32' || x.shape.length !== 4 || !shape || (attributes.group ?? 1) !== 1) return false
  const [filters = 0, channels = 0] = w.shape.map(Number)
  if (filters % block !== 0 || (channels >= block && channels % block !== 0)) return false
  return windowsOver(x, attributes as WindowAttributes, w).every(
    (slide) => slide.stride === 1 && slide.dilation === 1 && Math.max(slide.before, slide.after) < spanOf(slide),
  )
}

function convertPool(pass: Pass, node: Node): boolean {
  const [y, indices] = node.outputs as [Real, Value]
  const before = node.inputs[0] as Real
  const slides = windowsOver(before, node.attributes as WindowAttributes)
  const isEven = before.shape.slice(2).every((length) => Number(length) % 2 === 0)
  if (pass.readers.has(indices) || !areTiles(slides) || !isEven || slides.some(({ kernel }) => kernel !== 2))
    return false
  const convolution = pass.convolutions.get(before)
  if (convolution) {
    // it costs no more, and the gradient of the maximum then passes over quarters
    pass.graph.nodes.splice(pass.graph.nodes.indexOf(convolution.node), 1)
    pass.pending.delete(before)
    give(pass, y, convolveInPhases(pass.op, convolution, y, pass.settings, pass.rules))
    return true
  }
  const x = pass.blocked.get(before) as Real
  const made = blockedMaxPool(pass.op, x, slides, y.shape)
  pass.rules.set(made, blockedMaxPoolRule(x, resultOf(made), slides, pass.settings.block))
  give(pass, y, resultOf(made))
  return true
}

/** Channels moved to the end: blocks can be undone into that order as well. */
function convertTranspose(pass: Pass, node: Node): boolean {
  const [x, y] = [node.inputs[0], node.outputs[0]] as [Value, Value]
  const { perm } = node.attributes
  if (!pass.pending.has(x) || String(perm) !== '0,2,3,1') return false
  const made = fromBlocks(pass.op, pass.blocked.get(x) as Real, true)
  replaceOutput(pass, made, y, fromBlocksRule(true))
  return true
}

function convertElementwise(pass: Pass, node: Node): boolean {
  const [x, y] = [node.inputs[0], node.outputs[0]] as [Value, Real]
  if (!pass.pending.has(x) || hasNoGradient(y)) return false
  const result = new Value(pass.graph.uniqueName(`${y.name}_blocked`), y.type, y.shape)
  pass.graph.nodes.push({ ...node, inputs: [pass.blocked.get(x) as Real], outputs: [result] })
  give(pass, y, result)
  return true
}

function give({ blocked, pending }: Pass, y: Value, form: Real): void {
  blocked.set(y, form)
  pending.add(y)
}

/** The blocked form of a value. */
function blockedForm({ op, blocked, rules }: Pass, x: Real): Real {
  const known = blocked.get(x)
  if (known) return known
  const made = toBlocks(op, x)
  rules.set(made, toBlocksRule)
  blocked.set(x, resultOf(made))
  return resultOf(made)
}

/** The value as it was. */
function unblock<T extends Value>(pass: Pass, value: T): T {
  if (!pass.pending.delete(value)) return value
  const made = fromBlocks(pass.op, pass.blocked.get(value) as Real)
  replaceOutput(pass, made, value, fromBlocksRule(false))
  return value
}

/** The node that was added last gives this value instead, under its own rule. */
function replaceOutput({ graph, rules }: Pass, made: Node, value: Value, rule: OwnRule): void {
  const node = { ...made, outputs: [value] }
  graph.nodes = graph.nodes.with(graph.nodes.indexOf(made), node)
  rules.set(node, rule)
}
