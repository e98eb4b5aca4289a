/**
 * Gathers known factors in the backward pass of a loop. A cotangent passes through one product after the other, each with a
 * factor that the forward pass knows. Here (u·k₁)·k₂ becomes u·(k₁·k₂) and [u·k₁, v·k₂] becomes [u, v]·[k₁, k₂], so that the
 * products of known factors move into the forward body (residuals.ts) and one product for each path is left. The gates of
 * an LSTM then cost one `Concat` and one `Mul` in a step backward.
 */
import { type Builder, createBuilder } from '../onnx/builder.ts'
import { normalizeAxis, sameShape } from '../onnx/dims.ts'
import { Graph, type Node } from '../onnx/graph.ts'
import { pruneAddedNodes, valuesRead } from '../onnx/passes/prune.ts'
import type { Real, Value } from '../onnx/value.ts'
import { substitute } from './residuals.ts'

/** A value as the product of a cotangent and of what is known without one, both in its shape. */
interface Product {
  readonly cotangent: Real
  readonly known: Real
}

/** Rewrites, in place, the nodes that the results of the backward body of `forward` need. Gives what takes the place of each result. */
export function gatherFactors(forward: Graph, backward: Graph, results: readonly Value[]): Value[] {
  const nodes = backward.nodes
  const rewriting = createRewriting(forward, backward, countUses(nodes, results))
  backward.nodes = []
  for (const node of nodes) rewriting.add(node)
  const replaced = results.map(rewriting.now)
  pruneAddedNodes(backward, 0, replaced)
  return replaced
}

function countUses(nodes: readonly Node[], results: readonly Value[]): Map<Value, number> {
  const uses = new Map<Value, number>()
  for (const value of [...nodes.flatMap(valuesRead), ...results]) uses.set(value, (uses.get(value) ?? 0) + 1)
  return uses
}

/**
 * The product of two known factors. What the forward body has multiplied already is not multiplied again; and k·(1 - y²), the
 * slope of tanh, is k - (k·y)·y where k·y is there.
 */
function knownProducts(forward: Graph, backward: Graph): (op: Builder, a: Real, b: Real) => Real {
  const made = (a: Value, b: Value) =>
    forward.nodes.find(
      ({ opType, inputs: [x, y] }) => opType === 'Mul' && ((x === a && y === b) || (x === b && y === a)),
    )?.outputs[0] as Real | undefined
  return (op, k, slope) => {
    const y = squaredBelowOne(backward, slope)
    const ky = y && made(k, y)
    if (y && ky) return op.Sub(k, op.Mul(ky, y))
    return made(k, slope) ?? op.Mul(k, slope)
  }
}

/** The y of 1 - y·y. */
function squaredBelowOne({ nodes }: Graph, value: Value): Real | null {
  const makerOf = (made: Value | null | undefined) => nodes.find(({ outputs }) => outputs[0] === made)
  const difference = makerOf(value)
  const [one, square] = difference?.opType === 'Sub' ? difference.inputs : []
  const product = one?.data?.data.length === 1 && one.data.data[0] === 1 ? makerOf(square) : undefined
  const [y, same] = product?.opType === 'Mul' ? product.inputs : []
  return y && y === same ? (y as Real) : null
}

function createRewriting(forward: Graph, graph: Graph, uses: Map<Value, number>) {
  const multiplyKnown = knownProducts(forward, graph)
  const replacements = new Map<Value, Value>()
  const unknown = new Set<Value>(graph.inputs)
  const products = new Map<Value, Product>()
  const joined = new Map<Value, Node>()
  const now = <V extends Value>(value: V): V => (replacements.get(value) ?? value) as V
  const usedOnce = (value: Value) => uses.get(value) === 1

  /** The factors of a product that nothing else reads. */
  const taken = (value: Value): Product | null => (usedOnce(value) ? (products.get(value) ?? null) : null)

  const multiply = (op: Builder, { cotangent, known }: Product): Value => {
    const y = op.Mul(cotangent, known)
    if (sameShape(cotangent.shape, y.shape) && sameShape(known.shape, y.shape)) products.set(y, { cotangent, known })
    unknown.add(y)
    return y
  }

  const rewriteMul = (op: Builder, [a, b]: readonly Real[]): Value | null => {
    if (!a || !b || unknown.has(a) === unknown.has(b)) return null
    const [cotangent, known] = unknown.has(a) ? [a, b] : [b, a]
    const inner = taken(cotangent)
    if (!inner) return multiply(op, { cotangent, known })
    const both = multiplyKnown(op, inner.known, known)
    if (!sameShape(both.shape, inner.known.shape)) return multiply(op, { cotangent, known })
    return multiply(op, { cotangent: inner.cotangent, known: both })
  }

  const concat = (op: Builder, parts: readonly Real[], axis: number): Real => {
    const flat = parts.flatMap((part) => {
      const inner = joined.get(part)
      return inner && usedOnce(part) && inner.attributes.axis === axis ? (inner.inputs as Real[]) : [part]
    })
    const y = op.Concat(flat, { axis })
    const node = graph.nodes.at(-1)
    if (node) joined.set(y, node)
    return y
  }

  const rewriteConcat = (op: Builder, parts: readonly Real[], axis: number): Value => {
    const factors = parts.map(taken)
    if (!factors.every((factor) => factor !== null)) {
      const y = concat(op, parts, axis)
      if (parts.some((part) => unknown.has(part))) unknown.add(y)
      return y
    }
    const cotangent = concat(
      op,
      factors.map((factor) => factor.cotangent),
      axis,
    )
    unknown.add(cotangent)
    uses.set(cotangent, 1)
    const known = op.Concat(
      factors.map((factor) => factor.known),
      { axis },
    )
    return multiply(op, { cotangent, known })
  }

  const rewrite = ({ opType, name, attributes }: Node, inputs: readonly (Value | null)[]): Value | null => {
    const op = createBuilder(graph).named(name)
    if (opType === 'Mul') return rewriteMul(op, inputs as readonly Real[])
    if (opType === 'Concat') {
      const parts = inputs as readonly Real[]
      return rewriteConcat(op, parts, normalizeAxis(attributes.axis as number, parts[0]?.shape.length ?? 0))
    }
    return null
  }

  return {
    now,
    /** Puts a node, in the order of the graph, into its new form. */
    add(node: Node): void {
      const inputs = node.inputs.map((input) => input && now(input))
      for (const body of Object.values(node.attributes)) if (body instanceof Graph) substitute(body, replacements)
      const [output] = node.outputs
      const y = rewrite(node, inputs)
      if (y && output) {
        replacements.set(output, y)
        uses.set(y, uses.get(output) ?? 0)
        return
      }
      graph.nodes.push({ ...node, inputs })
      if (valuesRead({ ...node, inputs }).some((value) => unknown.has(value))) {
        for (const made of node.outputs) unknown.add(made)
      }
    },
  }
}
