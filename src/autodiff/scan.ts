/** A `Scan` node taken apart: its carried states, scanned inputs and stacked outputs; and saving more of what its steps compute. */
import { createBuilder } from '../onnx/builder.ts'
import type { Dim, Shape } from '../onnx/dims.ts'
import type { Graph, Node } from '../onnx/graph.ts'
import type { AttributesOf } from '../onnx/ops.ts'
import { Value } from '../onnx/value.ts'

/** A state: its value before, within and after the loop; `index` counts among the node's inputs and outputs. */
export interface Carried {
  readonly index: number
  readonly inside: Value
  readonly next: Value
  readonly last: Value
}

/** A sequence and the part of it that one step sees. `direction` 1 goes from the end to the start. */
export interface Sequence {
  readonly index: number
  readonly whole: Value
  readonly part: Value
  readonly axis: number
  readonly direction: number
}

export interface ScanParts {
  readonly body: Graph
  readonly carried: readonly Carried[]
  readonly scanned: readonly Sequence[]
  readonly stacked: readonly Sequence[]
}

/** The parts of a `Scan`, in the order of its inputs and outputs. */
export function readScan(node: Node, attributes: AttributesOf<'Scan'>): ScanParts {
  const { body, num_scan_inputs } = attributes
  const count = node.inputs.length - num_scan_inputs
  const sequence = (whole: Value | null, part: Value | undefined, i: number, axes?: Numbers, directions?: Numbers) => {
    if (!whole || !part) throw new Error(`Scan "${node.name}": its body does not have its inputs and outputs`)
    return { index: count + i, whole, part, axis: axes?.[i] ?? 0, direction: directions?.[i] ?? 0 }
  }
  return {
    body,
    carried: body.inputs.slice(0, count).map((inside, index) => {
      const [next, last] = [body.outputs[index], node.outputs[index]]
      if (!next || !last) throw new Error(`Scan "${node.name}": the body does not give its state ${index}`)
      return { index, inside, next, last }
    }),
    scanned: node.inputs
      .slice(count)
      .map((x, i) =>
        sequence(x, body.inputs[count + i], i, attributes.scan_input_axes, attributes.scan_input_directions),
      ),
    stacked: node.outputs
      .slice(count)
      .map((y, i) =>
        sequence(y, body.outputs[count + i], i, attributes.scan_output_axes, attributes.scan_output_directions),
      ),
  }
}

type Numbers = readonly number[] | undefined

/** The order in which sequences of this loop are saved: that of its first scanned input. */
export function savedDirection({ scanned }: ScanParts): number {
  return scanned[0]?.direction ?? 0
}

/**
 * Where each of the body's values can be read for all steps: the sequence that holds it already, or a new output that is added
 * to the node (replaced in its graph) and to its body. Those of `aligned` lie along axis 0 in the order of `savedDirection`.
 */
export function saveSteps(
  graph: Graph,
  node: Node,
  parts: ScanParts,
  values: readonly Value[],
  aligned: ReadonlySet<Value> = new Set(),
): Sequence[] {
  const inner = createBuilder(parts.body)
  const direction = savedDirection(parts)
  const added: Value[] = []
  const saved = values.map((value): Sequence => {
    const held = [...parts.scanned, ...parts.stacked].find(
      (sequence) => sequence.part === value && (!aligned.has(value) || isAligned(sequence, direction)),
    )
    if (held) return held
    // a body does not give an input or a state as it is
    const free = !parts.body.inputs.includes(value) && !parts.body.outputs.includes(value)
    const part = free ? value : inner.Identity(value)
    const whole = new Value(graph.uniqueName(`${value.name}_steps`), value.type, [stepsOf(parts), ...value.shape])
    parts.body.output(part)
    added.push(whole)
    return { index: node.outputs.length + added.length - 1, whole, part, axis: 0, direction }
  })
  const before = node.outputs.length - parts.carried.length
  const extend = (given: readonly number[] | undefined, value: number) => [
    ...(given ?? Array.from({ length: before }, () => 0)),
    ...added.map(() => value),
  ]
  const { scan_output_axes, scan_output_directions } = node.attributes as Partial<AttributesOf<'Scan'>>
  const attributes = {
    ...node.attributes,
    ...(scan_output_axes && { scan_output_axes: extend(scan_output_axes, 0) }),
    ...((scan_output_directions || direction) && {
      scan_output_directions: extend(scan_output_directions, direction),
    }),
  }
  const extended: Node = { ...node, attributes, outputs: [...node.outputs, ...added] }
  graph.nodes = graph.nodes.map((other) => (other === node ? extended : other))
  return saved
}

/** Whether a sequence lies along axis 0 in this direction. */
export function isAligned(sequence: Pick<Sequence, 'axis' | 'direction'>, direction: number): boolean {
  return sequence.axis === 0 && sequence.direction === direction
}

/** The number of steps: the length of what is scanned. */
function stepsOf({ scanned: [first] }: ScanParts): Dim {
  if (!first) throw new Error('a Scan has a scanned input')
  const { shape }: { shape: Shape } = first.whole
  return shape.at(first.axis) as Dim
}
