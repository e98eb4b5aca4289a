/** How wide the blocks of channels are in which this processor convolves: see src/onnx/blocked.ts. */
import { resultOf, toBlocks } from '../onnx/blocked.ts'
import { createBuilder } from '../onnx/builder.ts'
import { toBytes } from '../onnx/codec.ts'
import { Graph } from '../onnx/graph.ts'
import { tensorOf } from '../onnx/tensor.ts'
import { openSession } from './session.ts'

let known: Promise<number | null> | null = null

/**
 * The width of a block, 8 or 16; null where ONNX Runtime has no such operators for the processor. Asked once in a process, of
 * ONNX Runtime itself: an image of four channels, the fewest that it takes, comes back filled up to a block.
 */
export function channelBlock(): Promise<number | null> {
  known ??= measure()
  return known
}

async function measure(): Promise<number | null> {
  const graph = Graph.create('channel_block')
  const op = createBuilder(graph)
  graph.output(resultOf(toBlocks(op, graph.input('x', 'float32', [1, 'channels', 1, 1]))))
  try {
    const session = await openSession(toBytes(graph))
    const results = await session.run({ x: tensorOf('float32', [0, 0, 0, 0], [1, 4, 1, 1]) })
    await session.close()
    const block = results[session.outputNames[0] ?? '']?.dims[1] ?? 1
    return block > 4 ? block : null
  } catch {
    return null // the operator is not there
  }
}
