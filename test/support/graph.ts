/** Runs small graphs in ONNX Runtime, for tests of whatever builds graphs. */
import { toBytes } from '../../src/onnx/codec.ts'
import { Graph } from '../../src/onnx/graph.ts'
import type { Tensor } from '../../src/onnx/tensor.ts'
import { openSession } from '../../src/runtime/session.ts'

/** The outputs of a graph for the given inputs, by name. */
export async function runGraph(graph: Graph, feeds: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>> {
  const session = await openSession(toBytes(graph))
  try {
    return await session.run(feeds)
  } finally {
    await session.close()
  }
}

/** An empty graph. */
export const newGraph = (): Graph => Graph.create('test')

/** The elements of a tensor as ordinary numbers. */
export function numbers(tensor: Tensor | undefined): number[] {
  if (!tensor || tensor.type === 'string') throw new Error('expected a tensor of numbers')
  return Array.from(tensor.data as Float32Array, Number)
}
