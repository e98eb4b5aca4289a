/** What a workload is: data that every peer reads, each in its own library's words. */

/** Layers as the service's definitions write them (Keras' names); the first is an Input. */
export type LayerJson = Readonly<Record<string, unknown>> & { readonly type: string }

export interface Optimizer {
  readonly name: 'adam' | 'sgd'
  readonly learning_rate: number
}

/** What the rows of x are made of, and the target with them. */
export type DataKind =
  /** Uniform numbers; the class is the greatest of the row's first `classes` numbers. */
  | { readonly kind: 'classes'; readonly classes: number }
  /** Uniform numbers; the target is 0 or 1 by turns. */
  | { readonly kind: 'halves' }
  /** Whole numbers below `vocabulary`; the target is 0 or 1 by turns, and a fifth of the words tell it by being odd. */
  | { readonly kind: 'words'; readonly vocabulary: number }

export interface Workload {
  /** Which hand-written prototype does this work. */
  readonly network: 'mlp' | 'cnn' | 'bilstm' | 'bigcnn'
  readonly title: string
  readonly layers: readonly LayerJson[]
  readonly loss: 'sparse_categorical_crossentropy' | 'binary_crossentropy'
  readonly optimizer: Optimizer
  readonly batch: number
  /** Steps of an epoch: what a peer trains in one call where it trains whole epochs. The data set has `steps * batch` rows. */
  readonly steps: number
  readonly data: DataKind
  /** Too large for all peers to be in memory at once: their processes take turns. */
  readonly alone?: boolean
}

/** Adam as Keras has it: 0.9, 0.999, 1e-7. */
export const adam: Optimizer = { name: 'adam', learning_rate: 0.001 }
