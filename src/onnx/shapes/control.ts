/** Shape rules of the operators that run a body graph. */
import { type Dim, formatShape, type Shape, sameShape } from '../dims.ts'
import { Graph } from '../graph.ts'
import { need, numberAttribute, type ShapeRule } from './rule.ts'

/** The length of the sequence: axis 0 (or the axis named) of the first scanned input. */
function sequenceLength(shape: Shape, axis: number): Dim {
  return shape[axis < 0 ? axis + shape.length : axis] as Dim
}

const scan: ShapeRule = (node) => {
  const { body } = node.attributes
  if (!(body instanceof Graph)) throw new Error('the body is a graph')
  const scanned = numberAttribute(node, 'num_scan_inputs', 0)
  const carried = node.inputs.length - scanned
  if (body.inputs.length !== node.inputs.length) {
    throw new Error(`the body has ${body.inputs.length} inputs for ${node.inputs.length}`)
  }
  const axes = (node.attributes.scan_input_axes as readonly number[] | undefined) ?? []
  const outputAxes = (node.attributes.scan_output_axes as readonly number[] | undefined) ?? []
  const length = sequenceLength(need(node, carried).shape, axes[0] ?? 0)
  return body.outputs.map((output, i) => {
    if (i < carried) {
      const state = need(node, i)
      if (!sameShape(state.shape, output.shape) || state.type !== output.type) {
        throw new Error(
          `carried state ${i} changes from ${state.type}${formatShape(state.shape)} to ${output.type}${formatShape(output.shape)}`,
        )
      }
      return { type: output.type, shape: output.shape }
    }
    const axis = outputAxes[i - carried] ?? 0
    const shape = [...output.shape]
    shape.splice(axis < 0 ? axis + shape.length + 1 : axis, 0, length)
    return { type: output.type, shape }
  })
}

export const controlShapes = { Scan: scan } satisfies Record<string, ShapeRule>
