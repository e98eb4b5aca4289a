/**
 * Runs a recurrent cell over a sequence: through `Scan`, which can be differentiated, or through the cell's fused operator
 * where nothing will be (the weights are data of the graph, as in a served model). Both give the same numbers.
 */
import { type Builder, createBuilder } from '../../../onnx/builder.ts'
import type { Bool, Real, Value } from '../../../onnx/value.ts'
import { zerosOf } from '../../zeros.ts'
import type { Mask } from '../layer.ts'
import { type Arranged, type Cell, type CellConfig, type CellWeights, fusedActivations, splitGates } from './cell.ts'
import { type Dropouts, keptInputs, keptStates } from './recurrent-dropout.ts'

export interface RecurrentRun extends Dropouts {
  readonly mask: Mask
  /** Whether a masked step gives zeros, and not the output before it. */
  readonly zeroOutput: boolean
  /** The states before the first step, [batch, units] each; none are zeros. */
  readonly initial: readonly Real[]
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
  /** The output of the last step, [batch, units]. */
  readonly last: Real
  /** The states after the last step, [batch, units] each. */
  readonly states: readonly Real[]
}

/** `x` is [time, batch, features]. Where a step is masked the states stay, and with them the output, or it is zero. */
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
  return runScan(op, cell, x, cell.arrange(op, weights, config), config, run)
}

function runFused<C extends CellConfig>(
  op: Builder,
  cell: Cell<C>,
  x: Real,
  weights: CellWeights,
  config: C,
  { backwards, order, sequences, initial }: RecurrentRun,
  names: readonly string[],
): RecurrentResult {
  const direction = backwards ? 'reverse' : 'forward'
  const before = initial.map((state) => op.Unsqueeze(state, op.ints([0])))
  const result = cell.fused(op, x, weights, config, { direction, names, initial: before })
  const states = result.states.map((state) => op.Squeeze(state, op.ints([0])))
  const [last] = states as [Real]
  if (!sequences) return { sequence: null, last, states }
  const inTime = op.Squeeze(result.sequence, op.ints([1]))
  const turned = backwards && order === 'steps'
  return { sequence: turned ? reverse(op, inTime, 0) : inTime, last, states }
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
  arranged: Arranged,
  config: C,
  run: RecurrentRun,
): RecurrentResult {
  const { mask, backwards, order, sequences } = run
  const { units } = config
  const projected = project(op, x, arranged, keptInputs(op, cell, x, run), units)
  const zeros = () => zerosOf(op, x, [1], units)
  const initial = run.initial.length > 0 ? run.initial : repeated(zeros(), cell.stateCount)
  const kept = keptStates(op, cell, initial[0] as Real, run)
  const weights = kept.length > 1 ? kernelPerGate(op, arranged, units) : arranged
  const real = mask && op.Unsqueeze(op.Transpose(mask, { perm: [1, 0] }), op.ints([2]))

  const body = op.graph.subgraph('step')
  const inner = createBuilder(body)
  const before = initial.map((state) => declare(body, state, state.shape, 'state'))
  const now = declare(body, projected, projected.shape.slice(1), 'x')
  const isReal = real && body.bodyInput('real', 'bool', real.shape.slice(1))
  const [h] = before as [Real]
  const seen = kept.length > 0 ? kept.map((each) => inner.Mul(h, each)) : [h]
  const next = cell.step(inner, { x: now, states: before, seen, weights }, config)
  const after = next.map((state, i) => (isReal ? inner.Where(isReal, state, before[i] as Real) : state))
  for (const state of after) body.output(state)
  const [output] = after as [Real]
  // a body's outputs are each another value
  if (sequences) body.output(isReal && run.zeroOutput ? orZero(inner, isReal, output) : inner.Identity(output))

  const scanned: Value[] = real ? [projected, real] : [projected]
  const outputs = op.Scan([...initial, ...scanned], {
    body,
    num_scan_inputs: scanned.length,
    scan_input_directions: scanned.map(() => Number(backwards)),
    scan_output_directions: sequences ? [Number(backwards && order === 'time')] : [],
  }) as Real[]
  const states = outputs.slice(0, cell.stateCount)
  return { sequence: outputs[cell.stateCount] ?? null, last: lastOutput(op, states[0] as Real, real, run), states }
}

const repeated = (value: Real, count: number): Real[] => Array.from({ length: count }, () => value)

const orZero = (op: Builder, isReal: Bool, x: Real): Real => op.Where(isReal, x, op.scalar(0, x))

/** The last output, of which a masked step may make zeros. `real` is [time, batch, 1]. */
function lastOutput(op: Builder, state: Real, real: Mask, { zeroOutput, backwards }: RecurrentRun): Real {
  if (!real || !zeroOutput) return state
  const at = op.constant({ type: 'int64', dims: [], data: BigInt64Array.of(backwards ? 0n : -1n) })
  return orZero(op, op.Gather(real, at, { axis: 0 }), state)
}

/** The recurrent kernels cut into one for each gate. */
function kernelPerGate(op: Builder, arranged: Arranged, units: number): Arranged {
  const cut = (kernel: Real) => splitGates(op, kernel, Number(kernel.shape[1]) / units, units)
  return { ...arranged, recurrent: arranged.recurrent.flatMap(cut) }
}

function declare(body: Builder['graph'], like: Real, shape: Real['shape'], name: string): Real {
  return body.bodyInput(name, like.type, shape)
}

/**
 * x·kernel + bias for all steps at once: [time, batch, features] → [time, batch, gates·units]. `kept` holds what the inputs
 * are multiplied with: nothing, one mask for all gates, or one for each.
 */
function project(op: Builder, x: Real, { kernel, bias }: Arranged, kept: readonly Real[], units: number): Real {
  const product = (seen: Real, w: Real, b: Real | null) => op.Gemm(op.Flatten(seen, { axis: 2 }), w, b, {})
  const [only = null] = kept
  const rows =
    kept.length > 1
      ? productPerGate(op, x, { kernel, bias }, kept, units, product)
      : product(only ? op.Mul(x, only) : x, kernel, bias)
  const [time = 0] = x.shape
  return op.Reshape(rows, op.ints([Number(time), -1, Number(kernel.shape[1])]))
}

function productPerGate(
  op: Builder,
  x: Real,
  { kernel, bias }: Pick<Arranged, 'kernel' | 'bias'>,
  kept: readonly Real[],
  units: number,
  product: (seen: Real, w: Real, b: Real | null) => Real,
): Real {
  const kernels = splitGates(op, kernel, kept.length, units)
  const biases = bias && splitGates(op, bias, kept.length, units)
  const parts = kept.map((mask, gate) => product(op.Mul(x, mask), kernels[gate] as Real, biases?.[gate] ?? null))
  return op.Concat(parts, { axis: -1 })
}
