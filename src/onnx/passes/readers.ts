/** How often each value of a graph is read: as a node's input, inside of a body, or as an output. */
import type { Graph } from '../graph.ts'
import type { Value } from '../value.ts'
import { valuesRead } from './prune.ts'

/** Readers by value; each of `kept`, which what is not in the graph yet will read, counts as one more. */
export function countReaders(graph: Graph, kept: readonly Value[] = []): Map<Value, number> {
  const readers = new Map<Value, number>()
  for (const value of [...kept, ...graph.outputs, ...graph.nodes.flatMap(valuesRead)]) {
    readers.set(value, (readers.get(value) ?? 0) + 1)
  }
  return readers
}
