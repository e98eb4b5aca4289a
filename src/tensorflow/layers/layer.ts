/** The form of a layer of the second engine: which arguments it knows, and its call with tensors of TensorFlow.js. */
import type * as Tf from '@tensorflow/tfjs'
import type { LayerConfig } from '../../nn/layers/layer.ts'
import type { Given } from '../../nn/named.ts'
import type { TensorFlow } from '../backend.ts'

/** Which steps of a sequence are real: bool [batch, time]; null: all. */
export type Mask = Tf.Tensor | null

/** What a call of a layer knows. Shapes are [batch, …], channels last. */
export interface LayerCall {
  readonly tf: TensorFlow
  readonly layerName: string
  readonly x: Tf.Tensor
  /** All inputs, the first of which is `x`, and the mask of each. */
  readonly inputs: readonly Tf.Tensor[]
  readonly masks: readonly Mask[]
  /** By their short names; null where the arguments leave one out. */
  readonly weights: Readonly<Record<string, Tf.Tensor | null>>
  /** Numbers in [0, 1) of a shape, the same as the first engine draws for this purpose in this step. */
  uniform(shape: readonly number[], purpose: string): Tf.Tensor
  /** The next value of moving statistics. */
  assign(weight: string, value: Tf.Tensor): void
  /** Adds the penalty of an activity to the loss. */
  penalize(activity: Tf.Tensor, regularizer: Given): void
}

export type Outputs = Tf.Tensor | readonly Tf.Tensor[]

/** A layer in its place, ready to be called any number of times. */
export interface Prepared {
  /** Its weights in the order of their declaration, where it makes them itself; else the network does. */
  readonly variables: readonly Tf.Variable[] | null
  call(given: LayerCall): Outputs
}

export interface EngineLayer<C extends LayerConfig = LayerConfig> {
  /** Arguments that it acts on, by our names; all others must say nothing. */
  readonly takes: readonly string[]
  /** Arguments that may have this value only. */
  readonly fixed?: Readonly<Record<string, unknown>>
  /** What it cannot do with these arguments, in words that follow "cannot train …"; null: nothing. */
  misfit?(config: C): string | null
  /** What becomes of masks, where `src/nn` makes them by a function of its own; one, or one for each output. */
  mask?(
    given: Pick<LayerCall, 'tf' | 'inputs' | 'masks'>,
    config: C,
    outputs: readonly Tf.Tensor[],
  ): Mask | readonly Mask[]
  /** Shapes are of one sample. */
  prepare(tf: TensorFlow, config: C, inputShapes: readonly (readonly number[])[]): Prepared
}

/** A layer for the table: its own argument types are checked here and then forgotten. */
export function engineLayer<C extends LayerConfig>(layer: EngineLayer<C>): EngineLayer {
  return layer as unknown as EngineLayer // it is given the arguments that the schema of its type has checked
}

type Formula<C extends LayerConfig> = Omit<EngineLayer<C>, 'prepare'> & { call(given: LayerCall, config: C): Outputs }

/** A layer that is written with operators, because TensorFlow.js has none of the kind or one that does less than Keras'. */
export function formula<C extends LayerConfig>({ call, ...layer }: Formula<C>): EngineLayer {
  return engineLayer<C>({
    ...layer,
    prepare: (_tf, config) => ({ variables: null, call: (given) => call(given, config) }),
  })
}
