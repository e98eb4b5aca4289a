/** What a published version takes and gives, as the training that published it wrote it down. */

/** One raw value that an instance has to bring. */
export interface Feature {
  readonly name: string
  /** The graph's input that takes it, `[batch, 1]`. */
  readonly input: string
  readonly type: 'number' | 'category' | 'boolean'
  /** Of a category: the values seen in training. */
  readonly categories?: readonly string[]
  /** False where the training named a policy for missing values: the graph then fills them in. */
  readonly required: boolean
}

/** What is predicted: a number in the target's own units, or one of `labels`. */
export interface Target {
  readonly name: string
  readonly kind: 'regression' | 'binary' | 'multiclass'
  readonly labels?: readonly string[]
}

export interface Signature {
  readonly version: 1
  readonly features: readonly Feature[]
  readonly target: Target
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
