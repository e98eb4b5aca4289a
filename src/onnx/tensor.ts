/** A tensor as plain data: element type, dimensions and the elements in row-major order. */

/** Element types by their names in ONNX Runtime, and the array that holds each. */
export interface ElementArrays {
  float32: Float32Array
  float64: Float64Array
  int64: BigInt64Array
  int32: Int32Array
  uint32: Uint32Array
  uint8: Uint8Array
  bool: Uint8Array
  string: readonly string[]
}

export type ElementType = keyof ElementArrays

export interface Tensor<T extends ElementType = ElementType> {
  readonly type: T
  readonly dims: readonly number[]
  readonly data: ElementArrays[T]
}

const fromNumbers: { [T in Exclude<ElementType, 'string'>]: (values: ArrayLike<number>) => ElementArrays[T] } = {
  float32: (values) => Float32Array.from(values),
  float64: (values) => Float64Array.from(values),
  int64: (values) => BigInt64Array.from(values, (value) => BigInt(value)),
  int32: (values) => Int32Array.from(values),
  uint32: (values) => Uint32Array.from(values),
  uint8: (values) => Uint8Array.from(values),
  bool: (values) => Uint8Array.from(values, (value) => (value ? 1 : 0)),
}

/** The number of elements of a shape. */
export function elementCount(dims: readonly number[]): number {
  return dims.reduce((product, dim) => product * dim, 1)
}

/** A tensor of an element type from ordinary numbers; `dims` defaults to one axis. */
export function tensorOf<T extends Exclude<ElementType, 'string'>>(
  type: T,
  values: ArrayLike<number>,
  dims: readonly number[] = [values.length],
): Tensor<T> {
  if (elementCount(dims) !== values.length) {
    throw new Error(`a tensor of shape [${dims}] needs ${elementCount(dims)} elements, received ${values.length}`)
  }
  return { type, dims, data: fromNumbers[type](values) }
}

/** A tensor of texts; `dims` defaults to one axis. */
export function stringTensor(values: readonly string[], dims: readonly number[] = [values.length]): Tensor<'string'> {
  return { type: 'string', dims, data: values }
}
