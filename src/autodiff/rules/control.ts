/**
 * The gradient rule of `Scan`: the body's own gradients, run in a `Scan` from the last step to the first. It carries the
 * cotangents of the forward states. What it needs from the forward steps is saved by the forward `Scan`, not computed again
 * (residuals.ts), and the gradients of the values that the body captures (the weights) are taken out of the loop (scan-sums.ts).
 */
import { asReal, type Builder, createBuilder } from '../../onnx/builder.ts'
import { fixedShape } from '../../onnx/dims.ts'
import type { Graph, Node } from '../../onnx/graph.ts'
import { valuesRead } from '../../onnx/passes/prune.ts'
import { type Real, Value } from '../../onnx/value.ts'
import { gatherFactors } from '../factors.ts'
import { cutResiduals, substitute } from '../residuals.ts'
import { type Carried, isAligned, readScan, type ScanParts, type Sequence, savedDirection, saveSteps } from '../scan.ts'
import { planSum, type StepSum } from '../scan-sums.ts'
import { zerosLike } from '../shapes.ts'
import type { Cotangent, PullBack, VjpRules } from '../vjp.ts'

/** What cotangents flow through: states are carried, weights are summed, `ys` come in and `xs` go out step by step. */
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
    const step = differentiateBody(backward, parts.body, flow, pullBack)
    const { fed, places } = completeBody(backward, step, flow, graph, node, parts)
    const carried = [...step.carried.keys()]
    // what is carried has a fixed shape, or is a weight's whole gradient
    const likes = carried.map((part) => flow.weights[step.sums.findIndex((sum) => sum.carried[0] === part)] ?? part)
    const starts = carried.map((part, i) => zerosLike(op, fixedShape(part.shape) ? part : (likes[i] as Real)))
    const outputs = scanBackward(op, backward, flow, dys, { starts, fed, direction: savedDirection(parts) })

    const grown = (part: Real) => outputs[flow.states.length + carried.indexOf(part)] as Real
    const whole = (value: Value) => {
      const place = places.get(step.steps.get(value) ?? value)
      return (typeof place === 'number' ? outputs[place] : place) as Real
    }
    const given: Cotangent[] = [...node.inputs, ...captured].map(() => null)
    for (const [i, { index }] of flow.states.entries()) given[index] = outputs[i] ?? null
    for (const [i, w] of flow.weights.entries()) {
      given[node.inputs.length + captured.indexOf(w)] = step.sums[i]?.total(op, whole, grown) ?? null
    }
    for (const [i, { index }] of flow.xs.entries())
      given[index] = outputs[flow.states.length + carried.length + i] ?? null
    return given
  },
} satisfies VjpRules<'Scan'>

/** What one step backward computes. */
interface BackwardStep {
  /** The cotangents before the step, of the states and of the scanned parts. */
  readonly states: readonly Real[]
  readonly xs: readonly Real[]
  /** How each weight's gradient is summed over the steps. */
  readonly sums: readonly StepSum[]
  /** What the sums carry: the values of one step, and the growing sums with them. */
  readonly carried: ReadonlyMap<Real, Real>
  /** Values of one step that the sums want of all steps, by what the plans call them. */
  readonly steps: ReadonlyMap<Value, Value>
}

function differentiateBody(backward: Graph, body: Graph, flow: Flow, pullBack: PullBack): BackwardStep {
  const { states, weights, ys, xs } = flow
  const op = createBuilder(backward)
  const gradientOf = ({ name, type, shape }: Value) =>
    asReal(new Value(backward.uniqueName(`${name}_grad`), type, shape))
  const dNext = states.map(({ next }) => [next, gradientOf(next)] as const)
  const dParts = ys.map(({ part }) => [part, gradientOf(part)] as const)
  const sources = [...states.map(({ inside }) => inside), ...weights, ...xs.map(({ part }) => part)]
  const found = pullBack(op, [...dNext, ...dParts], sources, body)
  const dWeights = found.slice(states.length, states.length + weights.length)
  const values = { producer: producersOf(backward), varies: varyingWith(backward, body, [...dNext, ...dParts]) }
  const sums = dWeights.map((dw) => planSum(dw, values))
  const grown = [...new Set(sums.flatMap(({ carried }) => carried))].map((part) => [part, gradientOf(part)] as const)
  backward.inputs.push(...dNext.map(([, dy]) => dy), ...grown.map(([, sum]) => sum), ...dParts.map(([, dy]) => dy))
  const steps = [...new Set(sums.flatMap((sum) => sum.steps))]
  const added = grown.map(([part, sum]) => op.Add(sum, part))
  const [dStates, dXs] = [found.slice(0, states.length), found.slice(states.length + weights.length)]
  const results = gatherFactors(body, backward, [...dStates, ...dXs, ...added, ...steps]).map(asReal)
  const [firstX, firstSum, firstStep] = [dStates.length, dStates.length + dXs.length, results.length - steps.length]
  return {
    states: results.slice(0, firstX),
    xs: results.slice(firstX, firstSum),
    sums,
    carried: new Map(grown.map(([part], i) => [part, results[firstSum + i] as Real])),
    steps: new Map(steps.map((value, i) => [value, results[firstStep + i] as Real])),
  }
}

function producersOf(graph: Graph): (value: Value) => Node | undefined {
  const producers = new Map(graph.nodes.flatMap((node) => node.outputs.map((output) => [output, node] as const)))
  return (value) => producers.get(value)
}

/** What belongs to one step: the values of the forward body, the cotangents that come in, and all that is computed from them. */
function varyingWith(
  backward: Graph,
  body: Graph,
  cotangents: readonly (readonly [Value, Value])[],
): (value: Value) => boolean {
  const varying = new Set<Value>([
    ...body.inputs,
    ...body.nodes.flatMap((node) => node.outputs),
    ...cotangents.map(([, dy]) => dy),
  ])
  for (const node of backward.nodes) {
    if (valuesRead(node).some((value) => varying.has(value))) for (const output of node.outputs) varying.add(output)
  }
  return (value) => varying.has(value)
}

/** What the backward `Scan` reads and where its results stand. */
interface Completed {
  /** The sequences that it scans after the cotangents. */
  readonly fed: readonly Sequence[]
  /** Where each value that the sums want can be read: a saved sequence, or the number of an output. */
  readonly places: ReadonlyMap<Value, Value | number>
}

/** Feeds the backward body with what the forward steps saved, and declares its outputs: states, carried sums, xs, steps. */
function completeBody(
  backward: Graph,
  { states, xs, carried, steps }: BackwardStep,
  flow: Flow,
  graph: Graph,
  node: Node,
  parts: ScanParts,
): Completed {
  const results = [...states, ...carried.values(), ...xs]
  const residuals = cutResiduals(parts.body, backward, [...results, ...steps.values()])
  const read = new Set([...backward.nodes.flatMap(valuesRead), ...results])
  const [first] = parts.scanned
  if (first && flow.ys.length === 0 && !residuals.some((value) => read.has(value))) {
    // a Scan counts its steps by what it scans
    if (!residuals.includes(first.part)) residuals.push(first.part)
    read.add(first.part)
  }
  const saved = saveSteps(graph, node, parts, residuals, new Set(steps.values()))
  const sequences = new Map(residuals.map((value, i) => [value, saved[i] as Sequence]))
  const fed = residuals.filter((value) => read.has(value))
  const slices = fed.map(
    (value) => [value, backward.bodyInput(`${value.name}_saved`, value.type, value.shape)] as const,
  )
  substitute(backward, new Map(slices))
  const give = outputsOf(backward)
  for (const result of results) give(new Map<Value, Value>(slices).get(result) ?? result)
  const places = new Map<Value, Value | number>()
  for (const value of new Set(steps.values())) {
    const at = flow.xs.findIndex((x, i) => xs[i] === value && isAligned(x, savedDirection(parts)))
    places.set(value, sequences.get(value)?.whole ?? (at < 0 ? give(value) : results.length - xs.length + at))
  }
  return { fed: fed.map((value) => sequences.get(value) as Sequence), places }
}

/** Declares outputs of a body, which are its own, each another value; answers the number of each. */
function outputsOf(body: Graph): (value: Value) => number {
  const op = createBuilder(body)
  const made = new Set(body.nodes.flatMap(({ outputs }) => outputs))
  return (value) => {
    body.output(made.delete(value) ? value : op.Identity(value))
    return body.outputs.length - 1
  }
}

/** The `Scan` itself. Sequences are read and written in the other direction than in the forward pass. */
function scanBackward(
  op: Builder,
  body: Graph,
  { states, ys, xs }: Flow,
  dys: readonly Cotangent[],
  given: { starts: readonly Real[]; fed: readonly Sequence[]; direction: number },
): Real[] {
  const starts = [...states.map(({ index, last }) => dys[index] ?? zerosLike(op, asReal(last))), ...given.starts]
  const sequences = [
    ...ys.map(({ index, axis, direction }) => ({ whole: dys[index] as Value, axis, direction })),
    ...given.fed,
  ]
  const steps = Array.from({ length: body.outputs.length - starts.length - xs.length }, () => ({
    axis: 0,
    direction: given.direction,
  }))
  const written = [...xs, ...steps]
  const outputs = op.Scan([...starts, ...sequences.map(({ whole }) => whole)], {
    body,
    num_scan_inputs: sequences.length,
    scan_input_axes: sequences.map(({ axis }) => axis),
    scan_input_directions: sequences.map(({ direction }) => 1 - direction),
    scan_output_axes: written.map(({ axis }) => axis),
    scan_output_directions: written.map(({ direction }) => 1 - direction),
  })
  return outputs.map(asReal)
}
