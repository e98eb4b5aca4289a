/**
 * Reads past `Reshape`s that change nothing: of what was reshaped before, back to the shape that was there, and of a row
 * [1, n] that a `Gemm` adds, which takes it as it is. A node costs 0.3 to 0.5 µs, and a step of a small network has a dozen.
 */
import { sameShape } from '../dims.ts'
import type { Graph, Node } from '../graph.ts'
import type { Value } from '../value.ts'

/** Changes what nodes read, in place; a `Reshape` that nothing reads any more is left to `prune`. */
export function plainReshapes(graph: Graph): void {
  const sources = new Map<Value, Value>()
  graph.nodes = graph.nodes.map((node) => {
    const inputs = node.inputs.map((input, place) => {
      const source = input && sources.get(input)
      return source && (sameShape(source.shape, input.shape) || takesAny(node, place, source)) ? source : input
    })
    if (node.opType === 'Reshape') sources.set(node.outputs[0] as Value, inputs[0] as Value)
    return { ...node, inputs }
  })
}

/** Whether a node reads the same numbers in the shape that they had before, at this place. */
function takesAny({ opType, inputs, outputs: [y] }: Node, place: number, { shape }: Value): boolean {
  // a zero in the target stands for a size of what is reshaped
  if (opType === 'Reshape') return place === 0 && inputs[1]?.contents?.includes(0) === false
  return opType === 'Gemm' && place === 2 && inputs[2]?.shape.length === 1 && sameShape(shape, [1, y?.shape[1] ?? 0])
}
