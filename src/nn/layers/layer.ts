/** The form of a layer: its arguments, its weights, and its formula as a graph. */
import { type Static, type TProperties, type TUnsafe, Type } from 'typebox'
import type { Builder } from '../../onnx/builder.ts'
import type { Bool, Real } from '../../onnx/value.ts'
import type { ActivationName } from '../activations.ts'
import { type Given, maybeReferenceTo } from '../named.ts'
import { regularizers } from '../regularizers/index.ts'
import { Strict, Switch } from '../strict.ts'

/** An output of another layer: the layer's name, or name and number where the layer has several outputs. */
export type InputRef = string | { readonly layer: string; readonly output: number }

/** The arguments that every layer has, defaults filled in. */
export interface LayerConfig {
  readonly type: string
  readonly name?: string
  /** False keeps the weights as they are. */
  readonly trainable?: boolean
  /** What it takes; left out, it takes what the layer before it gives. */
  readonly inputs?: readonly InputRef[]
}

/** Whole numbers, the ends included. */
export interface InputRange {
  readonly min: number
  readonly max: number
}

/** A weight as its layer asks for it. */
export interface WeightDeclaration {
  readonly shape: readonly number[]
  readonly initializer: Given
  readonly regularizer: Given | null
  /** What its values are moved to after every update. Left out: they stay. */
  readonly constraint?: Given | null
  /** `state` is moved by the formula (`context.assign`) and not by the optimizer: moving statistics. */
  readonly role?: 'state'
  /** False keeps its values, whatever its layer's `trainable`: that of a layer inside of a wrapper. */
  readonly trainable?: boolean
}

/** What a layer's formula may ask about the run. */
export interface CallContext {
  /** Training mode: `Dropout` drops. */
  readonly training: boolean
  /** Numbers uniform in [0, 1) in the shape of `like`; other numbers at each step and for each `purpose`. */
  uniform(like: Real, purpose: string): Real
}

/** Which steps of a sequence are real: bool [batch, time]. */
export type Mask = Bool | null

/** What a layer's formula knows besides its arguments and weights. */
export interface LayerContext extends CallContext {
  readonly layerName: string
  /** All inputs, the first of which is `x`. */
  readonly inputs: readonly Real[]
  /** The mask of each input. */
  readonly masks: readonly Mask[]
  /** The axis of the channels in `x`: -1, or 1 where a layer with a `layout` is given channels first. */
  readonly channelAxis: 1 | -1
  /** The next value of a weight with role `state`; called in training mode only. */
  assign(weight: string, value: Real): void
  /** Adds the penalty of an activity of its own to the loss; the layer's `activity_regularizer` is seen to without it. */
  penalize(activity: Real, regularizer: Given): void
  /** Another layer's formula with its activation, for wrappers: its outputs. `within` adds to the body of a loop. */
  callInner(
    inner: LayerConfig,
    x: Real,
    weights: Readonly<Record<string, Real | null>>,
    changes?: Partial<LayerContext>,
    within?: Builder,
  ): readonly Real[]
}

/** What a layer may ask while it is built. */
export interface Surroundings {
  /** The shapes of all inputs; the first is `inputShape`. */
  readonly inputShapes: readonly (readonly number[])[]
  /** Another layer of the table, for wrappers. */
  layerOf(type: string): Layer
}

/** Names of weights to what a layer declares; null where its arguments leave a weight out. */
type Declarations = Readonly<Record<string, WeightDeclaration | null>>

/** The values of the declared weights, null where there is none. */
type ValuesOf<W extends Declarations> = { readonly [K in keyof W]: Real | Extract<W[K], null> }

/**
 * `C` its arguments, `W` its weights. Shapes here are of one sample, without the batch axis, as in the definition: channels
 * last but for a layer whose `data_format` is channels_first.
 */
export interface Layer<C extends LayerConfig = LayerConfig, W extends Declarations = Declarations> {
  readonly config: TUnsafe<C>
  /** How many inputs it takes; left out: one. */
  readonly arity?: { readonly least: number; readonly most: number }
  /** Arguments that hold a layer of their own, which is checked and filled in as any other. */
  readonly wraps?: readonly string[]
  /** What does not fit about an input shape: what the layer expects, or null. Left out: any shape fits. */
  misfit?(config: C, inputShape: readonly number[], surroundings: Surroundings): string | null
  /** The whole numbers that it takes, where it looks values up; left out: any numbers. */
  inputRange?(config: C): InputRange
  /**
   * Where its weights `mean` and `variance` take those of the training rows before the first step: the axes along which each
   * place has its own, counted from the batch (0); null where they do not.
   */
  adaptedAxes?(config: C, inputShape: readonly number[]): readonly number[] | null
  /** The weights by name. Left out: none. */
  weights?(config: C, inputShape: readonly number[], surroundings: Surroundings): W
  /** The activation that follows the formula. The lowering applies it, and so knows the logits of the last layer. */
  activation?(config: C): ActivationName
  /** Values leave as they came, maybe in another shape: the activation before it is still what the values are. */
  readonly keepsValues?: true
  /**
   * Where the channels stand in what `call` takes and gives: left out, last, as in the definition; `channels_first`, as
   * ONNX's convolutions want them; `any`, wherever they are (the layer works element by element or asks `channelAxis`).
   * A layer with a `layout` and `data_format: "channels_first"` gets its input as the definition has it, `channelAxis` 1.
   */
  readonly layout?: 'channels_first' | 'any'
  /**
   * What becomes of a mask: left out, it ends here; `passes`; or made by the layer: from its inputs (channels last) and
   * their masks, for its first output, or a list for all of them. `outputs` are as `call` gave them.
   */
  readonly mask?:
    | 'passes'
    | ((
        op: Builder,
        inputs: readonly Real[],
        masks: readonly Mask[],
        config: C,
        outputs: readonly Real[],
      ) => Mask | readonly Mask[])
  /** The formula, up to the activation; the output shape is inferred by the operators. Several outputs are a list. */
  call(op: Builder, x: Real, weights: ValuesOf<W>, config: C, context: LayerContext): Real | readonly Real[]
}

/** A layer for the table: its own argument and weight types are checked here and then forgotten. */
export function defineLayer<C extends LayerConfig, W extends Declarations>(layer: Layer<C, W>): Layer {
  return layer as unknown as Layer // the lowering hands `call` the weights that `weights` declared
}

/** The schema of a reference to a layer's output. */
export const InputRefSchema = Type.Unsafe<InputRef>({
  anyOf: [
    { type: 'string', minLength: 1, maxLength: 256 },
    {
      type: 'object',
      additionalProperties: false,
      required: ['layer', 'output'],
      properties: { layer: { type: 'string' }, output: { type: 'integer', minimum: 0 } },
    },
  ],
})

const common = {
  name: Type.Optional(Type.String({ minLength: 1, maxLength: 256, description: 'Unique in the model' })),
  inputs: Type.Optional(
    Type.Array(InputRefSchema, {
      minItems: 1,
      maxItems: 64,
      description: 'Names of the layers whose outputs it takes; left out: the layer before it',
    }),
  ),
}

/** What every layer may say of its outputs, unless it says so itself; an `Input` gives what it is given. */
function ofActivity(type: string, properties: TProperties): TProperties {
  if (type === 'Input' || type === 'Shared' || 'activity_regularizer' in properties) return {}
  return { activity_regularizer: maybeReferenceTo(regularizers) }
}

/** The arguments of a layer: its type, its own, `name`, and `trainable` (false keeps the weights as they are). */
export function layerConfig<const T extends string, P extends TProperties>(type: T, properties: P, about: string) {
  const own = { type: Type.Literal(type), ...properties, ...common, trainable: Switch(true) }
  return Strict({ ...own, ...ofActivity(type, properties) } as typeof own, about) // which is no part of what a formula reads
}

export type ConfigOf<L extends { config: TUnsafe }> = Static<L['config']>
