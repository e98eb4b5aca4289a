/**
 * Runs a recurrent cell over a sequence: through `Scan`, which can be differentiated, or through the cell's fused operator
 * where nothing will be (the weights are data of the graph, as in a served model). Both give the same numbers.
 */
import { type Builder, createBuilder } from '../../../onnx/builder.ts'
import type { Real, Value } from '../../../onnx/value.ts'
import { zerosOf } from '../../zeros.ts'
import type { CallContext, Mask } from '../layer.ts'
import { type Arranged, type Cell, type CellConfig, type CellWeights, fusedActivations } from './cell.ts'

export interface RecurrentRun extends CallContext {
  readonly mask: Mask
  /** Names the random numbers. */
  readonly purpose: string
  readonly dropout: number
  readonly recurrent_dropout: number
  /** Reads the sequence from its end. */
  readonly backwards: boolean
  /** In which order the outputs come: of the steps as they are computed, or of time. They differ when it runs backwards. */
  readonly order: 'steps' | 'time'
  /** Whether the outputs of all steps are wanted. */
  readonly sequences: boolean
}

export interface RecurrentResult {
  /** [time, batch, units]; null where it was not wanted. */
  readonly sequence: Real | null
  /** The states after the last step, [batch, units] each; the first is the last output. */
  readonly states: readonly Real[]
}

/**
 * `x` is [time, batch, features]. Where a step is masked the states stay, and with them the output.
 * Dropout draws one mask for all steps of a sequence and all gates (Gal & Ghahramani 2016).
 */
export function runRecurrent<C extends CellConfig>(
  op: Builder,
  cell: Cell<C>,
  x: Real,
  weights: CellWeights,
  config: C,
  run: RecurrentRun,
): RecurrentResult {
  const names = cell.activations(config).map((name) => fusedActivations[name ?? 'linear'])
  const known = names.every((name) => name !== undefined)
  const isServed = weights.kernel.data !== null && !run.training && run.mask === null
  if (known && isServed) return runFused(op, cell, x, weights, config, run, names)
  return runScan(op, cell, dropInputs(op, x, run), cell.arrange(op, weights, config), config, run)
}

function runFused<C extends CellConfig>(
  op: Builder,
  cell: Cell<C>,
  x: Real,
  weights: CellWeights,
  config: C,
  { backwards, order, sequences }: RecurrentRun,
  names: readonly string[],
): RecurrentResult {
  const direction = backwards ? 'reverse' : 'forward'
  const result = cell.fused(op, x, weights, config, { direction, names })
  const states = result.states.map((state) => op.Squeeze(state, op.ints([0])))
  if (!sequences) return { sequence: null, states }
  const inTime = op.Squeeze(result.sequence, op.ints([1]))
  const turned = backwards && order === 'steps'
  return { sequence: turned ? reverse(op, inTime, 0) : inTime, states }
}

/** A value read from the end of an axis to its start. */
export function reverse(op: Builder, x: Real, axis: number): Real {
  const one = (value: number) => op.ints([value])
  return op.Slice(x, one(-1), one(-(2 ** 31)), one(axis), one(-1))
}

function runScan<C extends CellConfig>(
  op: Builder,
  cell: Cell<C>,
  x: Real,
  weights: Arranged,
  config: C,
  run: RecurrentRun,
): RecurrentResult {
  const { mask, backwards, order, sequences } = run
  const projected = project(op, x, weights)
  const zero = zerosOf(op, x, [1], config.units)
  const kept = run.training && run.recurrent_dropout > 0 ? keptOf(op, zero, run.recurrent_dropout, run, 'state') : null
  const real = mask && op.Unsqueeze(op.Transpose(mask, { perm: [1, 0] }), op.ints([2]))

  const body = op.graph.subgraph('step')
  const inner = createBuilder(body)
  const before = Array.from({ length: cell.stateCount }, () => declare(body, zero, zero.shape, 'state'))
  const now = declare(body, projected, projected.shape.slice(1), 'x')
  const isReal = real && body.bodyInput('real', 'bool', real.shape.slice(1))
  const [h] = before as [Real]
  const seen = kept ? inner.Mul(h, kept) : h
  const next = cell.step(inner, { x: now, states: before, seen, weights }, config)
  const after = next.map((state, i) => (isReal ? inner.Where(isReal, state, before[i] as Real) : state))
  for (const state of after) body.output(state)
  if (sequences) body.output(inner.Identity(after[0] as Real)) // a body's outputs are each another value

  const scanned: Value[] = real ? [projected, real] : [projected]
  const outputs = op.Scan([...before.map(() => zero), ...scanned], {
    body,
    num_scan_inputs: scanned.length,
    scan_input_directions: scanned.map(() => Number(backwards)),
    scan_output_directions: sequences ? [Number(backwards && order === 'time')] : [],
  }) as Real[]
  const states = outputs.slice(0, cell.stateCount)
  return { sequence: outputs[cell.stateCount] ?? null, states }
}

function declare(body: Builder['graph'], like: Real, shape: Real['shape'], name: string): Real {
  return body.bodyInput(name, like.type, shape)
}

/** x·kernel + bias for all steps at once: [time, batch, features] → [time, batch, gates·units]. */
function project(op: Builder, x: Real, { kernel, bias }: Arranged): Real {
  const rows = op.Flatten(x, { axis: 2 })
  const [time = 0] = x.shape
  return op.Reshape(op.Gemm(rows, kernel, bias, {}), op.ints([Number(time), -1, Number(kernel.shape[1])]))
}

/** The inputs with dropout, one mask for all steps. */
function dropInputs(op: Builder, x: Real, run: RecurrentRun): Real {
  if (!run.training || run.dropout === 0) return x
  const first = op.Squeeze(op.Slice(x, op.ints([0]), op.ints([1]), op.ints([0]), null), op.ints([0]))
  return op.Mul(x, keptOf(op, first, run.dropout, run, 'input'))
}

/** 1 / (1 - rate) where a value is kept, else 0. */
function keptOf(op: Builder, like: Real, rate: number, { uniform, purpose }: RecurrentRun, what: string): Real {
  const draws = uniform(like, `${purpose} ${what}`)
  const kept = op.Cast(op.GreaterOrEqual(draws, op.scalar(rate, draws)), { to: like.type })
  return op.Mul(kept, op.scalar(rate === 1 ? 0 : 1 / (1 - rate), kept))
}
