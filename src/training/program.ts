/**
 * The training program: forward, backward and optimizer update of one step as the body of a `Scan`, so that one native run
 * trains many steps. Batches are gathered inside from the whole training part.
 *
 * Inputs: `x` [rows, …features] (and `x_1`, … of a model with several inputs), `y` [rows, …target], `row_weights` [rows] where rows are weighted, `order` [steps, batch] (the
 * rows of each batch), `inverse_batch` [], `y_1`, … for the targets of the other outputs of a model that learns several,
 * one `scalar/<name>` [steps, 1, 1] per number that the optimizer wants in each step, `keys` [steps] where the model draws
 * noise, `frozen/<group>`, and the state: `state/<group>` and `state/<group>/<slot>`, each [1, size], or the matrix that a
 * step makes of it (`StateEntry.dims`).
 * Outputs, in this order: the new state, `losses` [steps] (the mean over each batch, penalties included) and, where metrics
 * want them, `predictions` [steps, batch, …units]. Where several outputs are learned, or steps of an output are masked:
 * `losses`, the loss of each output [steps] without penalties and weights, where metrics want them the predictions of each,
 * the masks of those that have one [steps, batch, time], and, beside masks, the penalties [steps] (`TrainingProgram.results`).
 */
import { blockChannels } from '../autodiff/blocked/block-channels.ts'
import type { Blocks } from '../autodiff/blocked/rules.ts'
import { type OwnRules, pullBack } from '../autodiff/gradients.ts'
import { rowSums } from '../autodiff/row-sums.ts'
import { lossOf } from '../nn/losses/index.ts'
import { callModel } from '../nn/lower.ts'
import type { Model } from '../nn/model.ts'
import type { NamedConfig } from '../nn/named.ts'
import { addsGradients, applyGradients, gradientFactor, scalarsOf, slotsOf } from '../nn/optimizers/apply.ts'
import type { OptimizerConfig } from '../nn/optimizers/optimizer.ts'
import { type Builder, createBuilder } from '../onnx/builder.ts'
import { toBytes } from '../onnx/codec.ts'
import { divideDims, multiplyDims, type Shape } from '../onnx/dims.ts'
import { Graph } from '../onnx/graph.ts'
import { fewRowsByBlocks } from '../onnx/passes/few-rows.ts'
import { poolBeforeRelu } from '../onnx/passes/pool-before-relu.ts'
import { prune } from '../onnx/passes/prune.ts'
import { elementCount } from '../onnx/tensor.ts'
import type { Any, Real, Value } from '../onnx/value.ts'
import { constrained } from './constrain.ts'
import { type Group, groupsOf, type Layout, layoutOf } from './layout.ts'
import { outputsOf, type ProgramOutput } from './learned-outputs.ts'
import { carryMatrices } from './matrix-state.ts'
import { inputFeed, type TargetForm, targetFeed, unpackGroup } from './model-graph.ts'
import { type Objective, objectiveOf } from './objective.ts'
import type { ResultName } from './results.ts'
import { rewriteStep } from './step-passes.ts'
import { hashedCounters, uniformLike } from './uniform.ts'

export interface ProgramSpec {
  readonly model: Model
  readonly loss: NamedConfig
  readonly optimizer: OptimizerConfig
  readonly target: TargetForm
  /** Where several outputs are learned: all of them, in the model's order. */
  readonly outputs?: readonly ProgramOutput[]
  /** Whether each row's loss is multiplied by a weight of its own. */
  readonly weighted?: boolean
  /** How the processor's blocks of channels are; null or left out: images stay as they are. */
  readonly blocks?: Blocks | null
  /** No step has more samples; null or left out: nothing is known. */
  readonly largestBatch?: number | null
  /** Whether the outputs of every step leave the program, for metrics. */
  readonly withPredictions: boolean
}

export interface TrainingProgram {
  readonly bytes: Uint8Array
  readonly layout: Layout
  /** Names of the state in the order of the program's outputs, and what each one starts from where it is a slot. */
  readonly state: readonly StateEntry[]
  /** What leaves the program after the state. */
  readonly results: readonly ResultName[]
  /** Their shapes; float32. */
  readonly resultShapes: readonly Shape[]
  readonly scalars: readonly string[]
  readonly needsKeys: boolean
  /** Null: any. */
  readonly largestBatch: number | null
}

export interface StateEntry {
  readonly name: string
  readonly group: string
  /** Null for the weights themselves. */
  readonly slot: string | null
  readonly initial: number
  readonly size: number
  /** How it is fed: [1, size], or the matrix that it is. */
  readonly dims: readonly number[]
}

/** Targets of up to this many numbers are gathered once for a run and sliced by the Scan; larger ones in the body. */
const gatheredOnceUpTo = 256

/** Compiles a model, loss and optimizer. Pure: the same spec gives the same bytes. */
export function buildTrainingProgram(spec: ProgramSpec): TrainingProgram {
  const layout = layoutOf(spec.model.weights, { joinsTrained: !addsGradients(spec.optimizer) })
  const graph = Graph.create('training')
  const outer = createBuilder(graph)
  const feeds = declareInputs(graph, spec, layout)
  const body = buildStep(outer, feeds, spec, layout)
  rewriteStep(outer, body.graph, feeds.order)
  if (spec.largestBatch) fewRowsByBlocks(body.graph, { symbol: 'batch', usual: spec.largestBatch })
  const dims = carryMatrices(body.graph, feeds.entries)
  const state = feeds.entries.map((entry) => ({ ...entry, dims: dims.get(entry.name) ?? [1, entry.size] }))
  const carried = state.map((entry) => graph.input(entry.name, 'float32', entry.dims))
  const results = outer.Scan([...carried, ...body.sequences], {
    body: body.graph,
    num_scan_inputs: body.sequences.length,
  })
  for (const result of results.slice(0, state.length)) graph.output(result)
  const finished = body.finish(outer, results.slice(state.length))
  for (const [, result] of finished) graph.output(result)
  prune(graph)
  const { scalarNames: scalars } = feeds
  return {
    bytes: toBytes(graph, { writesInto: true }),
    layout,
    state,
    results: finished.map(([name]) => name),
    resultShapes: finished.map(([, { shape }]) => shape),
    scalars,
    needsKeys: body.needsKeys,
    largestBatch: spec.largestBatch ?? null,
  }
}

type Feeds = ReturnType<typeof declareInputs>

function declareInputs(graph: Graph, spec: ProgramSpec, layout: Layout) {
  const { model, optimizer, weighted } = spec
  const slotValues = Object.entries(slotsOf(optimizer))
  const scalarNames = Object.keys(scalarsOf(optimizer, 0, 0))
  const groups = groupsOf(layout, 'trained')
  const moving = groupsOf(layout, 'moving')
  const weightsEntry = ({ id, size }: Group) => ({ name: `state/${id}`, group: id, slot: null, initial: 0, size })
  const entries = [
    ...groups.flatMap((group): Omit<StateEntry, 'dims'>[] => [
      weightsEntry(group),
      ...slotValues.map(([slot, initial]) => ({
        ...weightsEntry(group),
        name: `state/${group.id}/${slot}`,
        slot,
        initial,
      })),
    ]),
    ...moving.map(weightsEntry),
  ]
  return {
    xs: model.inputs.map(({ shape }, i) => graph.input(inputFeed(i), 'float32', ['rows', ...shape])),
    ys: outputsOf(spec).map(({ target: { type, shape } }, i) => graph.input(targetFeed(i), type, ['rows', ...shape])),
    rowWeights: weighted ? graph.input('row_weights', 'float32', ['rows']) : null,
    order: graph.input('order', 'int32', ['steps', 'batch']),
    inverseBatch: graph.input('inverse_batch', 'float32', []),
    keys: graph.input('keys', 'uint32', ['steps']),
    scalarNames,
    scalars: scalarNames.map((name) => graph.input(`scalar/${name}`, 'float32', ['steps', 1, 1])),
    frozen: groupsOf(layout, 'frozen').map((group) => ({
      group,
      vector: graph.input(`frozen/${group.id}`, 'float32', [1, group.size]),
    })),
    groups,
    moving,
    entries,
  }
}

/** The body of the Scan, the sequences that it is run along, and what becomes of its sequences of results. */
function buildStep(outer: Builder, feeds: Feeds, spec: ProgramSpec, layout: Layout): Step {
  const { model } = spec
  const graph = outer.graph.subgraph('step')
  const op = createBuilder(graph)
  const state = new Map(feeds.entries.map(({ name, size }) => [name, graph.input(`${name}/now`, 'float32', [1, size])]))
  const scalars = Object.fromEntries(
    feeds.scalarNames.map((name) => [name, graph.input(`scalar/${name}/now`, 'float32', [1, 1])]),
  )
  const key = graph.input('key', 'uint32', [])
  const rows = graph.input('rows_now', 'int32', ['batch'])
  const gathered = gatherTargets(outer, feeds, spec)
  const truths = gathered.map((targets, i) => {
    const y = targets
      ? graph.input(`${targetFeed(i)}_now`, targets.type, ['batch', ...targets.shape.slice(2)])
      : op.Gather(feeds.ys[i] as Any, rows, { axis: 0 })
    return { y, targets }
  })
  const rowWeights = feeds.rowWeights && outer.Gather(feeds.rowWeights, feeds.order, { axis: 0 })
  const weighting = rowWeights && { all: rowWeights, now: graph.input('row_weights_now', 'float32', ['batch']) }
  const noise = createNoise(outer, op, feeds.order, key)
  const weights = unpackAll(outer, op, feeds, layout, state)
  const context = { training: true, uniform: noise.uniform }
  const xs = feeds.xs.map((x) => op.Gather(x, rows, { axis: 0 }))
  const called = callModel(op, model, xs, weights, context)
  const kept = [...called.outputs, ...called.logits.filter((logits) => logits !== null)]
  poolBeforeRelu(graph, kept)
  const blocked = spec.blocks ? blockChannels(graph, { ...spec.blocks, kept, wrt: [...state.values()] }) : []
  const own = new Map([...blocked, ...(spec.largestBatch ? rowSums(graph, spec.largestBatch) : [])])
  const { inverseBatch } = feeds
  const objective = objectiveOf(op, spec, called, { truths, weighting, inverseBatch })
  const trained = updateAll(op, spec, feeds, { state, scalars, cotangents: objective.cotangents, own })
  const next = new Map([...trained, ...moveAll(op, feeds, weights, called.updates)])
  for (const { name } of feeds.entries) graph.output(next.get(name) as Value)
  for (const value of objective.emitted) graph.output(emitted(op, value))
  const sequences = [
    ...feeds.scalars,
    feeds.keys,
    feeds.order,
    ...gathered.filter((targets) => targets !== null),
    ...(rowWeights ? [rowWeights] : []),
  ]
  return { graph, sequences, needsKeys: noise.isUsed(), finish: objective.finish }
}

/** A value that leaves the body at each step: its own maker writes it into the sequence, where it has one and leaves once. */
function emitted(op: Builder, value: Value): Value {
  const { nodes, outputs } = op.graph
  return nodes.some((node) => node.outputs.includes(value)) && !outputs.includes(value) ? value : op.Identity(value)
}

interface Step {
  readonly graph: Graph
  readonly sequences: readonly Value[]
  readonly needsKeys: boolean
  readonly finish: Objective['finish']
}

/** The targets of every batch of the run, of each output, for the Scan to slice; null where they are too large for that. */
function gatherTargets(outer: Builder, { ys, order }: Feeds, spec: ProgramSpec): (Value | null)[] {
  return outputsOf(spec).map(({ target, loss }, i) => {
    const shape = spec.model.outputs[i]?.shape ?? []
    if (Math.max(elementCount(target.shape), elementCount(shape)) > gatheredOnceUpTo) return null
    const gathered = outer.Gather(ys[i] as Any, order, { axis: 0 })
    return lossOf(loss).expandTargets?.(outer, gathered, shape) ?? gathered
  })
}

/** Every weight by name: the frozen ones outside of the body, the others out of its state. */
function unpackAll(
  outer: Builder,
  op: Builder,
  { frozen }: Feeds,
  layout: Layout,
  state: ReadonlyMap<string, Real>,
): Record<string, Real> {
  const carried = groupsOf(layout, 'trained', 'moving')
  const parts = [
    ...frozen.map(({ group, vector }) => unpackGroup(outer, group, vector)),
    ...carried.map((group) => unpackGroup(op, group, state.get(`state/${group.id}`) as Real)),
  ]
  return Object.assign({}, ...parts)
}

/** The next values of the weights that layers move, by state name; those that no layer assigned stay. */
function moveAll(
  op: Builder,
  { moving }: Feeds,
  weights: Readonly<Record<string, Real>>,
  updates: ReadonlyMap<string, Real>,
): Map<string, Real> {
  return new Map(
    moving.map(({ id, members }) => {
      const parts = members.map(({ name }) =>
        op.Reshape((updates.get(name) ?? weights[name]) as Real, op.ints([1, -1])),
      )
      return [`state/${id}`, parts.length === 1 ? op.Identity(parts[0] as Real) : op.Concat(parts, { axis: 1 })]
    }),
  )
}

interface Update {
  readonly state: ReadonlyMap<string, Real>
  readonly scalars: Readonly<Record<string, Real>>
  readonly cotangents: Objective['cotangents']
  /** The gradient rules of nodes that have one of their own. */
  readonly own: OwnRules
}

/** The optimizer's update of every trainable group: new values by state name. */
function updateAll(
  op: Builder,
  { model, optimizer }: ProgramSpec,
  { entries, groups }: Feeds,
  { state, scalars, cotangents, own }: Update,
): Map<string, Real> {
  const vectors = groups.map(({ id }) => state.get(`state/${id}`) as Real)
  const early = gradientFactor(op, scalars, optimizer)
  const found = pullBack(op, early ? multiplied(op, cotangents, early.factor) : cotangents, vectors, op.graph, own)
  const updates = groups.map(({ id, members }, i) => {
    const own = entries.filter(({ group, slot }) => group === id && slot !== null)
    const slots = Object.fromEntries(own.map(({ name, slot }) => [slot as string, state.get(name) as Real]))
    const sizes = members.map(({ size }) => size)
    return { id, sizes, weight: vectors[i] as Real, gradient: found[i] as Real, slots }
  })
  const applied = applyGradients(op, updates, early?.rest ?? scalars, optimizer)
  const results = new Map(
    applied.map((next, i) => {
      const group = groups[i] as Group
      return [group.id, { ...next, weight: constrained(op, group, model.weights, next.weight) }]
    }),
  )
  const trained = entries.filter(({ group }) => results.has(group))
  return new Map(
    trained.map(({ name, group, slot }) => {
      const result = results.get(group)
      return [name, (slot === null ? result?.weight : result?.slots[slot]) as Real]
    }),
  )
}

/** Cotangents times a number [1, 1]. */
function multiplied(op: Builder, cotangents: Objective['cotangents'], factor: Real): Objective['cotangents'] {
  return cotangents.map(([y, dy]) => {
    const product = op.Mul(dy, factor)
    return [y, dy.shape.length < 2 ? op.Reshape(product, op.ints(dy.shape.length === 0 ? [] : [-1])) : product]
  })
}

/** Noise for the layers of a step; the counters are hashed once per run, outside of the body. */
function createNoise(outer: Builder, op: Builder, order: Value<'int32'>, key: Value<'uint32'>) {
  const batch = outer.Squeeze(outer.Shape(order, { start: 1, end: 2 }), outer.ints([0]))
  let used = false
  return {
    isUsed: () => used,
    uniform: (like: Real, purpose: string): Real => {
      used = true
      const perSample = outer.constant({ type: 'int64', dims: [], data: BigInt64Array.of(BigInt(sampleSize(like))) })
      return uniformLike(op, like, key, purpose, hashedCounters(outer, outer.Mul(batch, perSample)))
    },
  }
}

/** How many numbers there are for each sample of the batch; steps may be folded into the batch's axis (`3*batch`). */
function sampleSize({ name, shape }: Value): number {
  const size = divideDims(multiplyDims(shape), 'batch')
  if (typeof size !== 'number') throw new Error(`${name} has no fixed number of values for each sample: [${shape}]`)
  return size
}
