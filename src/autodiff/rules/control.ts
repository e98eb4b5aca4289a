/**
 * The gradient rule of `Scan`: the body's own gradients, run in a `Scan` from the last step to the first. It carries the
 * cotangents of the forward states and the growing gradients of the values that the body captures (the weights). What it
 * needs from the forward steps is saved by the forward `Scan`, not computed again (see residuals.ts).
 */
import { asReal, type Builder, createBuilder } from '../../onnx/builder.ts'
import type { Graph, Node } from '../../onnx/graph.ts'
import type { Real, Value } from '../../onnx/value.ts'
import { cutResiduals, substitute } from '../residuals.ts'
import { type Carried, readScan, type ScanParts, type Sequence, saveSteps } from '../scan.ts'
import { zerosLike } from '../shapes.ts'
import type { Cotangent, PullBack, VjpRules } from '../vjp.ts'

/** What cotangents flow through: states and weights are carried, `ys` come in and `xs` go out step by step. */
interface Flow {
  readonly states: readonly Carried[]
  readonly weights: readonly Real[]
  readonly ys: readonly Sequence[]
  readonly xs: readonly Sequence[]
}

export const control = {
  Scan: (op, { node, graph, attributes, captured, wanted, pullBack }, ...dys) => {
    const parts = readScan(node, attributes)
    const flow: Flow = {
      states: parts.carried.filter(({ inside }) => inside.type === 'float32' || inside.type === 'float64'),
      weights: captured.filter(wanted).map(asReal),
      ys: parts.stacked.filter(({ index }) => dys[index]),
      xs: parts.scanned.filter(({ whole }) => wanted(whole)),
    }
    const backward = op.graph.subgraph(`${parts.body.name}_grad`)
    const results = differentiateBody(backward, parts.body, flow, pullBack)
    const saved = completeBody(backward, results, graph, node, parts, flow.states.length + flow.weights.length)
    const outputs = scanBackward(op, backward, flow, dys, saved)

    const given: Cotangent[] = [...node.inputs, ...captured].map(() => null)
    const { states, weights, xs } = flow
    for (const [i, { index }] of states.entries()) given[index] = outputs[i] ?? null
    for (const [i, w] of weights.entries()) {
      given[node.inputs.length + captured.indexOf(w)] = outputs[states.length + i] ?? null
    }
    for (const [i, { index }] of xs.entries()) given[index] = outputs[states.length + weights.length + i] ?? null
    return given
  },
} satisfies VjpRules<'Scan'>

/** One step backward: the cotangents before the step, for states, weights (added to their sums) and scanned parts. */
function differentiateBody(
  backward: Graph,
  body: Graph,
  { states, weights, ys, xs }: Flow,
  pullBack: PullBack,
): Real[] {
  const op = createBuilder(backward)
  const declare = ({ name, type, shape }: Value) => asReal(backward.bodyInput(`${name}_grad`, type, shape))
  const dStates = states.map(({ next }) => [next, declare(next)] as const)
  const sums = weights.map(declare)
  const dParts = ys.map(({ part }) => [part, declare(part)] as const)
  const sources = [...states.map(({ inside }) => inside), ...weights, ...xs.map(({ part }) => part)]
  return pullBack(op, [...dStates, ...dParts], sources, body).map((dx, i) => {
    const sum = sums[i - states.length]
    return sum ? op.Add(sum, dx) : dx
  })
}

/** Feeds the backward body with what the forward steps saved, and declares its outputs. Gives the saved sequences. */
function completeBody(
  backward: Graph,
  results: readonly Real[],
  graph: Graph,
  node: Node,
  parts: ScanParts,
  carriedCount: number,
): Sequence[] {
  const residuals = cutResiduals(parts.body, backward, results)
  const [first] = parts.scanned
  // a Scan counts its steps by what it scans
  if (residuals.length === 0 && backward.inputs.length === carriedCount && first) residuals.push(first.part)
  const saved = saveSteps(graph, node, parts, residuals)
  const slices = new Map(
    residuals.map((value) => [value, backward.bodyInput(`${value.name}_saved`, value.type, value.shape)]),
  )
  substitute(backward, slices)
  const op = createBuilder(backward)
  const made = new Set(backward.nodes.flatMap((step) => step.outputs))
  for (const result of results) {
    const value = slices.get(result) ?? result
    backward.output(made.delete(value) ? value : op.Identity(value)) // a body's outputs are its own, each another value
  }
  return saved
}

/** The `Scan` itself. Sequences are read and written in the other direction than in the forward pass. */
function scanBackward(
  op: Builder,
  body: Graph,
  { states, weights, ys, xs }: Flow,
  dys: readonly Cotangent[],
  saved: readonly Sequence[],
): Real[] {
  const starts = [
    ...states.map(({ index, last }) => dys[index] ?? zerosLike(op, asReal(last))),
    ...weights.map((w) => zerosLike(op, w)),
  ]
  const sequences = [
    ...ys.map(({ index, axis, direction }) => ({ whole: dys[index] as Value, axis, direction })),
    ...saved,
  ]
  const outputs = op.Scan([...starts, ...sequences.map(({ whole }) => whole)], {
    body,
    num_scan_inputs: sequences.length,
    scan_input_axes: sequences.map(({ axis }) => axis),
    scan_input_directions: sequences.map(({ direction }) => 1 - direction),
    scan_output_axes: xs.map(({ axis }) => axis),
    scan_output_directions: xs.map(({ direction }) => 1 - direction),
  })
  return outputs.map(asReal)
}
