/**
 * What the backward pass of a loop needs from its forward pass. The backward body is written against the values of the
 * forward body; here it is cut from it: nodes that depend on no cotangent move into the forward body (y·(1 - y) is computed
 * once, while y is hot in cache), and what is still read across the cut is a residual, saved by the forward pass.
 */
import { Graph, type Node } from '../onnx/graph.ts'
import { valuesRead } from '../onnx/passes/prune.ts'
import type { Value } from '../onnx/value.ts'

/**
 * Moves the nodes of `backward` that need no cotangent into `forward`, and gives the values of `forward` that are read across
 * the cut, by nodes of `backward` or as one of its `results`.
 */
export function cutResiduals(forward: Graph, backward: Graph, results: readonly Value[]): Value[] {
  shareConstants(forward, backward)
  const known = new Set<Value>([...forward.inputs, ...forward.nodes.flatMap((node) => node.outputs)])
  const unknown = new Set<Value>(backward.inputs)
  const kept: Node[] = []
  for (const node of backward.nodes) {
    const read = valuesRead(node)
    // what depends on neither (weights of outer graphs) is cheaper computed again than saved for each step
    const moves = read.some((value) => known.has(value)) && !read.some((value) => unknown.has(value)) && !hasBody(node)
    if (moves) forward.nodes.push(withConstantsOf(forward, node))
    else kept.push(node)
    for (const output of node.outputs) (moves ? known : unknown).add(output)
  }
  backward.nodes = kept
  return [...new Set([...kept.flatMap(valuesRead), ...results])].filter((value) => known.has(value))
}

/** Replaces values in all nodes of a graph, those of its bodies included. */
export function substitute(graph: Graph, replacements: ReadonlyMap<Value, Value>): void {
  const replaced = <V extends Value | null>(value: V): V | Value => (value && replacements.get(value)) ?? value
  graph.nodes = graph.nodes.map((node) => {
    for (const attribute of Object.values(node.attributes)) {
      if (attribute instanceof Graph) substitute(attribute, replacements)
    }
    return node.inputs.some((input) => input && replacements.has(input))
      ? { ...node, inputs: node.inputs.map(replaced) }
      : node
  })
  graph.outputs.splice(0, graph.outputs.length, ...graph.outputs.map(replaced))
}

/** Constants of the forward body that the backward body reads become constants of its own. */
function shareConstants(forward: Graph, backward: Graph): void {
  const initializers = new Set(forward.initializers)
  const read = [...new Set(backward.nodes.flatMap(valuesRead))].filter((value) => initializers.has(value))
  substitute(backward, new Map(read.map((value) => [value, copyOf(value, backward)])))
}

/** A node with the constants it reads copied into `graph`, where it moves. */
function withConstantsOf(graph: Graph, node: Node): Node {
  return { ...node, inputs: node.inputs.map((input) => (input?.data ? copyOf(input, graph) : input)) }
}

function copyOf(constant: Value, graph: Graph): Value {
  if (!constant.data) throw new Error(`${constant.name} is no constant`)
  return graph.constant(constant.data)
}

function hasBody(node: Node): boolean {
  return Object.values(node.attributes).some((attribute) => attribute instanceof Graph)
}
