/** What a published version takes and gives, as the training that published it wrote it down. */

/** One raw value that an instance has to bring. */
export interface Feature {
  readonly name: string
  /** The graph's input that takes it, `[batch, 1]`, a tensor's `[batch, …shape]`. */
  readonly input: string
  readonly type: 'number' | 'category' | 'boolean' | 'tensor'
  /** Of a category: the values seen in training. */
  readonly categories?: readonly string[]
  /** Of a tensor. */
  readonly shape?: readonly number[]
  /** Of a tensor: sequences may be shorter and are filled up with zeros at their end. */
  readonly padded?: boolean
  /** Where the model looks values up: whole numbers in this range, the ends included. */
  readonly range?: { readonly min: number; readonly max: number }
  /** False where the training named a policy for missing values: the graph then fills them in. */
  readonly required: boolean
}

/**
 * What is predicted: a number in the target's own units, or one of `labels`; or a cell of several numbers, of this `shape`:
 * `numbers`, several labels (0 or 1 each), one-hot rows, class indices.
 */
export interface Target {
  readonly name: string
  readonly kind: 'regression' | 'binary' | 'multiclass' | 'numbers' | 'multilabel' | 'one_hot' | 'class_ids'
  readonly labels?: readonly string[]
  readonly shape?: readonly number[]
}

export interface Signature {
  readonly version: 1
  readonly features: readonly Feature[]
  readonly target: Target
  /** Where the model learned several outputs: each by its name; its graph outputs are `<output>_label`, … */
  readonly targets?: readonly (Target & { readonly output: string })[]
  /** Mean and variance of the training rows, at the layers that have taken them. */
  readonly normalizations?: readonly {
    readonly layer: string
    readonly mean: readonly number[]
    readonly variance: readonly number[]
  }[]
  /** The initializers of the served model that are weights, in the order of the layers. */
  readonly weights: readonly string[]
}

/**
 * The signature of a version's row.
 * @throws {Error} when the row holds something else: it was written by another release
 */
export function toSignature(json: unknown): Signature {
  if (typeof json === 'object' && json !== null && 'version' in json && json.version === 1) {
    return json as Signature // version 1 is this interface: training's export writes it whole
  }
  throw new Error(`a version's signature has a form this release does not know: ${JSON.stringify(json)?.slice(0, 80)}`)
}
