/** The form of a layer: its arguments, its weights, and its formula as a graph. */
import { type Static, type TProperties, type TUnsafe, Type } from 'typebox'
import type { Builder } from '../../onnx/builder.ts'
import type { Real } from '../../onnx/value.ts'
import type { ActivationName } from '../activations.ts'
import type { Given } from '../named.ts'
import { Strict, Switch } from '../strict.ts'

/** The arguments that every layer has, defaults filled in. */
export interface LayerConfig {
  readonly type: string
  readonly name?: string
  /** False keeps the weights as they are. */
  readonly trainable?: boolean
}

/** A weight as its layer asks for it. */
export interface WeightDeclaration {
  readonly shape: readonly number[]
  readonly initializer: Given
  readonly regularizer: Given | null
}

/** What a layer's formula may ask about the run. */
export interface CallContext {
  /** Training mode: `Dropout` drops. */
  readonly training: boolean
  /** Numbers uniform in [0, 1) in the shape of `like`; other numbers at each step and for each `purpose`. */
  uniform(like: Real, purpose: string): Real
}

export type LayerContext = CallContext & { readonly layerName: string }

/** Names of weights to what a layer declares; null where its arguments leave a weight out. */
type Declarations = Readonly<Record<string, WeightDeclaration | null>>

/** The values of the declared weights, null where there is none. */
type ValuesOf<W extends Declarations> = { readonly [K in keyof W]: Real | Extract<W[K], null> }

/**
 * `C` its arguments, `W` its weights. Shapes here are of one sample, without the batch axis.
 */
export interface Layer<C extends LayerConfig = LayerConfig, W extends Declarations = Declarations> {
  readonly config: TUnsafe<C>
  /** What does not fit about an input shape: what the layer expects, or null. Left out: any shape fits. */
  misfit?(config: C, inputShape: readonly number[]): string | null
  /** The weights by name. Left out: none. */
  weights?(config: C, inputShape: readonly number[]): W
  /** The activation that follows the formula. The lowering applies it, and so knows the logits of the last layer. */
  activation?(config: C): ActivationName
  /** Values leave as they came, maybe in another shape: the activation before it is still what the values are. */
  readonly keepsValues?: true
  /** The formula, up to the activation; the output shape is inferred by the operators. */
  call(op: Builder, x: Real, weights: ValuesOf<W>, config: C, context: LayerContext): Real
}

/** A layer for the table: its own argument and weight types are checked here and then forgotten. */
export function defineLayer<C extends LayerConfig, W extends Declarations>(layer: Layer<C, W>): Layer {
  return layer as unknown as Layer // the lowering hands `call` the weights that `weights` declared
}

const common = {
  name: Type.Optional(Type.String({ minLength: 1, maxLength: 256, description: 'Unique in the model' })),
}

/** The arguments of a layer: its type, its own, `name`, and `trainable` (false keeps the weights as they are). */
export function layerConfig<const T extends string, P extends TProperties>(type: T, properties: P, about: string) {
  return Strict({ type: Type.Literal(type), ...properties, ...common, trainable: Switch(true) }, about)
}

export type ConfigOf<L extends { config: TUnsafe }> = Static<L['config']>
