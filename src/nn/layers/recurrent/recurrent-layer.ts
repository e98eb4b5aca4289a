/** What the recurrent layers share: their arguments, their weights, and a call from [batch, time, features] to their outputs. */
import { type TUnsafe, Type } from 'typebox'
import { asReal, type Builder } from '../../../onnx/builder.ts'
import type { Index, Real } from '../../../onnx/value.ts'
import type { Given } from '../../named.ts'
import { PositiveInteger, Seed, Switch } from '../../strict.ts'
import { ActivationArgument, ConstraintArgument, InitializerArgument, RegularizerArgument } from '../arguments.ts'
import {
  defineLayer,
  type Layer,
  type LayerConfig,
  type LayerContext,
  type Mask,
  type WeightDeclaration,
} from '../layer.ts'
import type { Cell, CellConfig, CellWeights } from './cell.ts'
import { type RecurrentResult, runRecurrent } from './run-recurrent.ts'

/** The arguments that all recurrent layers have. */
export interface RecurrentConfig extends LayerConfig, CellConfig {
  readonly use_bias: boolean
  readonly kernel_initializer: Given
  readonly recurrent_initializer: Given
  readonly bias_initializer: Given
  readonly kernel_regularizer: Given | null
  readonly recurrent_regularizer: Given | null
  readonly bias_regularizer: Given | null
  readonly kernel_constraint: Given | null
  readonly recurrent_constraint: Given | null
  readonly bias_constraint: Given | null
  readonly dropout: number
  readonly recurrent_dropout: number
  readonly seed: number | null
  readonly return_sequences: boolean
  readonly return_state: boolean
  readonly go_backwards: boolean
  readonly zero_output_for_mask: boolean
  readonly activity_regularizer: Given | null
}

const Rate = Type.Number({ minimum: 0, maximum: 1, default: 0 })

/** An activation with a default of its own. */
export const activationWith = (name: string) => ({ ...ActivationArgument, default: name }) as typeof ActivationArgument

export const recurrentArguments = {
  units: PositiveInteger,
  activation: activationWith('tanh'),
  use_bias: Switch(true),
  kernel_initializer: InitializerArgument('glorot_uniform'),
  recurrent_initializer: InitializerArgument('orthogonal'),
  bias_initializer: InitializerArgument('zeros'),
  kernel_regularizer: RegularizerArgument,
  recurrent_regularizer: RegularizerArgument,
  bias_regularizer: RegularizerArgument,
  activity_regularizer: RegularizerArgument,
  kernel_constraint: ConstraintArgument,
  recurrent_constraint: ConstraintArgument,
  bias_constraint: ConstraintArgument,
  dropout: Rate,
  recurrent_dropout: Rate,
  seed: Seed,
  return_sequences: Switch(false),
  return_state: Switch(false),
  go_backwards: Switch(false),
  zero_output_for_mask: Switch(false, 'A masked step gives zeros, and not the output before it'),
  unroll: Type.Optional(
    Type.Boolean({ description: 'Without effect: a loop and its steps written out give the same' }),
  ),
  stateful: Type.Optional(
    Type.Literal(false, { description: 'Batches are shuffled, and a served model answers each request on its own' }),
  ),
}

/** A recurrent layer in parts, so that `Bidirectional` can run its cell in both directions. */
export interface Recurrent<C extends RecurrentConfig = RecurrentConfig> {
  readonly config: TUnsafe<C>
  readonly cell: Cell<C>
  biasShape(config: C): readonly number[]
  /** What does not fit about the arguments: what is expected, or null. */
  misfit?(config: C): string | null
  /** What the bias starts from; left out: `bias_initializer`. */
  biasInitializer?(config: C): Given
}

export type RecurrentDeclarations = Readonly<Record<keyof CellWeights, WeightDeclaration | null>>

/** What does not fit about a layer on samples of this shape. */
export function recurrentMisfit(
  kind: Recurrent,
  config: RecurrentConfig,
  inputShape: readonly number[],
): string | null {
  return inputShape.length === 2 ? (kind.misfit?.(config) ?? null) : 'samples of shape [time, features]'
}

/** The number of units of each of a layer's states. */
export const stateSizes = ({ cell }: Recurrent, { units }: RecurrentConfig): readonly number[] =>
  Array.from({ length: cell.stateCount }, () => units)

/** What does not fit about the initial states, which stand after the sequence: all of them, or none. */
export function statesMisfit(sizes: readonly number[], [, ...given]: readonly (readonly number[])[]): string | null {
  const fits = given.length === sizes.length && given.every((shape, i) => shape.length === 1 && shape[0] === sizes[i])
  if (given.length === 0 || fits) return null
  const expected = sizes.map((units) => `[batch, ${units}]`).join(' and ')
  return `a sequence alone, or a sequence and its initial states ${expected}`
}

/**
 * The mask of the sequence, where there are no initial states: Keras 3.15 gives a layer a mask of its own accord only where
 * one argument of the call is a tensor (keras/src/layers/layer.py, "Populate mask argument(s)"). The output has it in any case.
 */
export const stepMask = ({ inputs, masks }: LayerContext): Mask => (inputs.length === 1 ? (masks[0] ?? null) : null)

/** Kernel [features, gates·units], recurrent kernel [units, gates·units], bias. */
export function declareRecurrent(kind: Recurrent, config: RecurrentConfig, features: number): RecurrentDeclarations {
  const columns = kind.cell.gates * config.units
  return {
    kernel: {
      shape: [features, columns],
      initializer: config.kernel_initializer,
      regularizer: config.kernel_regularizer,
      constraint: config.kernel_constraint,
    },
    recurrent_kernel: {
      shape: [config.units, columns],
      initializer: config.recurrent_initializer,
      regularizer: config.recurrent_regularizer,
      constraint: config.recurrent_constraint,
    },
    bias: config.use_bias
      ? {
          shape: kind.biasShape(config),
          initializer: kind.biasInitializer?.(config) ?? config.bias_initializer,
          regularizer: config.bias_regularizer,
          constraint: config.bias_constraint,
        }
      : null,
  }
}

/** Runs a layer's cell over x [time, batch, features]. `order` is that in which its outputs come. */
export function callRecurrent(
  op: Builder,
  { cell }: Recurrent,
  x: Real,
  weights: CellWeights,
  config: RecurrentConfig,
  context: LayerContext,
  { order, purpose, initial }: { order: 'steps' | 'time'; purpose: string; initial: readonly Real[] },
): RecurrentResult {
  return runRecurrent(op, cell, x, weights, config, {
    training: context.training,
    uniform: context.uniform,
    mask: stepMask(context),
    zeroOutput: config.zero_output_for_mask,
    initial,
    purpose: config.seed === null ? purpose : `seed ${config.seed}`,
    dropout: config.dropout,
    recurrent_dropout: config.recurrent_dropout,
    backwards: config.go_backwards,
    order,
    sequences: config.return_sequences,
  })
}

/**
 * [batch, time, features] to [time, batch, features] and back. Where rows of a table were gathered (an embedding) the indices
 * are turned instead, which are a fraction of the size, on the way back as well.
 */
export function swapTime(op: Builder, x: Real): Real {
  const made = op.graph.nodes.findLast(({ outputs }) => outputs.includes(x))
  const [table, indices] = made?.inputs ?? []
  const isRows = made?.opType === 'Gather' && (made.attributes.axis ?? 0) === 0
  if (isRows && table && indices?.shape.length === 2) {
    return op.Gather(asReal(table), op.Transpose(indices as Index, { perm: [1, 0] }), { axis: 0 })
  }
  return op.Transpose(x, { perm: [1, 0, 2] })
}

/**
 * The layer of a recurrent kind: [batch, time, features] → [batch, units], or [batch, time, units] with `return_sequences`.
 * Further inputs are the states before the first step, [batch, units] each.
 */
export function defineRecurrent<C extends RecurrentConfig>(given: Recurrent<C>): Layer {
  const kind = given as unknown as Recurrent // its cell is called with the arguments that its own schema has checked
  return defineLayer<RecurrentConfig, RecurrentDeclarations>({
    config: kind.config,
    arity: { least: 1, most: 1 + kind.cell.stateCount },
    misfit: (config, inputShape, { inputShapes }) =>
      recurrentMisfit(kind, config, inputShape) ?? statesMisfit(stateSizes(kind, config), inputShapes),
    weights: (config, inputShape) => declareRecurrent(kind, config, inputShape.at(-1) ?? 1),
    mask: (_op, _inputs, masks, config) => (config.return_sequences ? (masks[0] ?? null) : null),
    call: (op, x, weights, config, context) => {
      const run = { order: 'steps', purpose: context.layerName, initial: context.inputs.slice(1) } as const
      const inTime = swapTime(op, x)
      const { sequence, last, states } = callRecurrent(op, kind, inTime, weights as CellWeights, config, context, run)
      const output = sequence ? swapTime(op, sequence) : last
      return config.return_state ? [output, ...states] : output
    },
  })
}
