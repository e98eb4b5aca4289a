/**
 * State that a step computes as a matrix is carried as one. A `Reshape` at the end of a body would copy it (measured: 6 µs
 * for 50,000 numbers), at the start of a body it costs nothing.
 */
import { createBuilder } from '../onnx/builder.ts'
import type { Graph, Node } from '../onnx/graph.ts'
import { plainReshapes } from '../onnx/passes/plain-reshapes.ts'
import { Value } from '../onnx/value.ts'

/** How many numbers each piece of state has; it is fed as [1, size] where nothing else is said. */
export interface StateSize {
  readonly name: string
  readonly size: number
}

/**
 * Changes, in place, the first inputs and outputs of a step's body, one for each piece of state, from [1, size] to the
 * matrix that the body makes of it, where it does.
 * @returns the dimensions of every piece of state, by name
 */
export function carryMatrices(body: Graph, state: readonly StateSize[]): Map<string, readonly number[]> {
  const makers = new Map(body.nodes.map((node) => [node.outputs[0], node]))
  const dims = new Map(
    state.map(({ name, size }, i): [string, readonly number[]] => {
      const last = makers.get(body.outputs[i] as Value)
      const matrix = last?.opType === 'Reshape' && isSum(makers.get(last.inputs[0] as Value)) ? last.inputs[0] : null
      if (!matrix) return [name, [1, size]]
      body.outputs[i] = matrix
      widen(body, i, matrix.shape)
      return [name, matrix.shape as number[]]
    }),
  )
  plainReshapes(body)
  return dims
}

/** A product added to something, which passes/product-into-sum.ts makes of an update. */
const isSum = (node: Node | undefined) => node?.opType === 'Gemm' && Boolean(node.inputs[2])

/** The input of this place comes in another shape; what read it reads it as before. */
function widen(body: Graph, place: number, shape: Value['shape']): void {
  const vector = body.inputs[place] as Value<'float32'>
  const input = new Value(body.uniqueName(`${vector.name}/matrix`), vector.type, shape)
  body.inputs[place] = input
  const { nodes } = body
  body.nodes = []
  const op = createBuilder(body)
  op.Reshape(input, op.ints([1, -1]))
  const [reshape] = body.nodes as [Node]
  body.nodes = [{ ...reshape, outputs: [vector] }, ...nodes]
}
