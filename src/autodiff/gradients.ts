/** Reverse-mode differentiation over ONNX operators: walks a graph backward and asks the table of rules for each node. */
import { asReal, type Builder } from '../onnx/builder.ts'
import { hasNoGradient } from '../onnx/constant-value.ts'
import { formatShape, multiplyDims } from '../onnx/dims.ts'
import { Graph, type Node } from '../onnx/graph.ts'
import { domains, type OpType } from '../onnx/ops.ts'
import { captured, pruneAddedNodes } from '../onnx/passes/prune.ts'
import { tensorOf } from '../onnx/tensor.ts'
import type { Real, Value } from '../onnx/value.ts'
import { rules } from './rules/index.ts'
import { zerosLike } from './shapes.ts'
import { sumTo } from './unbroadcast.ts'
import { type Cotangent, MissingRuleError, type VjpNode } from './vjp.ts'

/**
 * Adds the backward nodes of a loss to its graph (of a body of `Scan` as well) and gives dL/dw for each of `wrt`, in its
 * shape; zeros where the loss does not depend on it. Values of outer graphs are constants unless they are in `wrt`.
 * @throws {MissingRuleError} where an operator on the path has no rule; {Error} where the loss is no scalar
 */
export function gradients(op: Builder, loss: Value, wrt: readonly Value[]): Real[] {
  const y = asReal(loss)
  if (multiplyDims(y.shape) !== 1) {
    throw new Error(`the loss ${y.name} has shape ${formatShape(y.shape)}; a gradient needs a scalar, reduce it first`)
  }
  const one = op.constant(tensorOf(y.type, [1], y.shape.map(Number)))
  return pullBack(op, [[y, one]], wrt)
}

/**
 * The same from any cotangents: for values y with dL/dy given (in the shape of y), dL/dw for each of `wrt`.
 * `graph` is where the values stand, when the backward nodes go to another graph than that of `op` (the body of a `Scan`).
 * `own` are the rules of nodes that have one of their own.
 */
export function pullBack(
  op: Builder,
  cotangents: Iterable<readonly [y: Value, dy: Real]>,
  wrt: readonly Value[],
  graph: Graph = op.graph,
  own: OwnRules = new Map(),
): Real[] {
  const forward = [...graph.nodes]
  const firstAdded = op.graph.nodes.length
  const active = dependents(forward, wrt)
  const sums = new Map<Value, Real[]>()
  const add = (x: Value, dy: Real) => sums.set(x, [...(sums.get(x) ?? []), dy])
  for (const [y, dy] of cotangents) add(y, dy)
  for (const node of forward.toReversed()) {
    const read = operands(node)
    if (!read.some((x) => x && active.has(x))) continue
    const dys = node.outputs.map((y) => total(op, sums, y))
    if (dys.every((dy) => dy === null)) continue
    const ownRule = own.get(node)
    const results = ownRule ? ownRule(op.named(`${node.name}_grad`), dys) : applyRule(op, node, graph, active, dys)
    read.forEach((x, i) => {
      const dx = results[i]
      if (x && dx && active.has(x)) add(x, sumTo(op, dx, x.shape))
    })
  }
  const found = wrt.map((w) => total(op, sums, w) ?? zerosLike(op, asReal(w)))
  pruneAddedNodes(op.graph, firstAdded, found)
  nameCotangents(op.graph, firstAdded, sums)
  return found
}

/** The rule of one node, from the cotangents of its outputs to those of its inputs: in the place of its operator's rule. */
export type OwnRule = (op: Builder, dys: readonly Cotangent[]) => readonly Cotangent[]
export type OwnRules = ReadonlyMap<Node, OwnRule>

/** What a node reads, in the order in which its rule answers. */
function operands(node: Node): (Value | null)[] {
  return [...node.inputs, ...capturedBy(node)]
}

function capturedBy(node: Node): Value[] {
  const bodies = Object.values(node.attributes).filter((attribute) => attribute instanceof Graph)
  return [...new Set(bodies.flatMap(captured))]
}

/** `wrt` and the real values computed from it. Integers end the path, and what is taken for a constant. */
export function dependents(nodes: readonly Node[], wrt: readonly Value[]): ReadonlySet<Value> {
  const active = new Set(wrt)
  for (const node of nodes) {
    if (!operands(node).some((x) => x && active.has(x))) continue
    for (const y of node.outputs) if ((y.type === 'float32' || y.type === 'float64') && !hasNoGradient(y)) active.add(y)
  }
  return active
}

/** The sum of what arrived at a value: one `Sum` for a fan-out, null for nothing. */
function total(op: Builder, sums: Map<Value, Real[]>, y: Value): Cotangent {
  const [first, ...others] = sums.get(y) ?? []
  if (!first) return null
  if (others.length === 0) return first
  const sum = op.named(`${y.name}_fan_out`).Sum([first, ...others])
  sums.set(y, [sum])
  return sum
}

type AnyRule = (op: Builder, node: VjpNode, ...dys: readonly Cotangent[]) => readonly Cotangent[]

function applyRule(
  op: Builder,
  node: Node,
  graph: Graph,
  active: ReadonlySet<Value>,
  dys: readonly Cotangent[],
): readonly Cotangent[] {
  const { opType, domain } = node
  if (!Object.hasOwn(rules, opType) || domain !== (domains[opType as OpType] ?? '')) throw new MissingRuleError(node)
  const rule = rules[opType as keyof typeof rules] as unknown as AnyRule // each rule is checked against its own operator
  const wanted = (value: Value) => active.has(value)
  const seen = { ...node, node, graph, captured: capturedBy(node), wanted, pullBack }
  // the builder typed this node's inputs and outputs by its operator, whose rule this is
  return rule(op.named(`${node.name}_grad`), seen as unknown as VjpNode, ...dys)
}

/** Names what the backward pass computed: the cotangent of `dense_y` is `dense_y_grad`. */
function nameCotangents(graph: Graph, firstAdded: number, sums: ReadonlyMap<Value, readonly Real[]>): void {
  const added = new Set(graph.nodes.slice(firstAdded).flatMap((node) => node.outputs))
  for (const [value, [dy]] of sums) {
    if (dy && added.delete(dy)) graph.rename(dy, `${value.name}_grad`)
  }
}
