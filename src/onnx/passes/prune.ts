/** Removes what no output needs: nodes and initializers, in bodies of `Scan` as well. */
import { Graph, type Node } from '../graph.ts'
import type { Value } from '../value.ts'

/** The values that a node reads: its inputs, and what its body graphs take from outside. */
export function valuesRead(node: Node): Value[] {
  const read = node.inputs.filter((input) => input !== null)
  for (const attribute of Object.values(node.attributes)) {
    if (attribute instanceof Graph) read.push(...captured(attribute))
  }
  return read
}

/** The values of outer graphs that a body graph uses. */
export function captured(body: Graph): Value[] {
  const inside = new Set<Value>([...body.inputs, ...body.initializers, ...body.nodes.flatMap((node) => node.outputs)])
  const read = [...body.nodes.flatMap(valuesRead), ...body.outputs]
  return read.filter((value) => !inside.has(value))
}

/** Drops, in place, the nodes and initializers that no output of the graph depends on. Inputs stay: they are its interface. */
export function prune(graph: Graph): void {
  const needed = new Set<Value>(graph.outputs)
  const kept: Node[] = []
  for (const node of [...graph.nodes].reverse()) {
    if (!node.outputs.some((output) => needed.has(output))) continue
    for (const attribute of Object.values(node.attributes)) if (attribute instanceof Graph) prune(attribute)
    for (const value of valuesRead(node)) needed.add(value)
    kept.push(node)
  }
  graph.nodes = kept.reverse()
  const initializers = graph.initializers.filter((value) => needed.has(value))
  graph.initializers.splice(0, graph.initializers.length, ...initializers)
}

/**
 * Drops, in place, the nodes from index `start` on that none of the `needed` values depends on: for code that adds nodes to a
 * graph whose outputs are not declared yet. Initializers stay; `prune` removes them once the graph is complete.
 */
export function pruneAddedNodes(graph: Graph, start: number, needed: readonly Value[]): void {
  const read = new Set<Value>(needed)
  const kept: Node[] = []
  for (const node of graph.nodes.slice(start).reverse()) {
    if (!node.outputs.some((output) => read.has(output))) continue
    for (const value of valuesRead(node)) read.add(value)
    kept.push(node)
  }
  graph.nodes = [...graph.nodes.slice(0, start), ...kept.reverse()]
}
