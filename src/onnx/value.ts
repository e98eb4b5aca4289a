/** A value of a graph: the name, element type and shape of one edge. */
import type { Shape } from './dims.ts'
import type { ElementType, Tensor } from './tensor.ts'

export class Value<T extends ElementType = ElementType> {
  /** Changed by `Graph.rename` only, which keeps names unique. */
  name: string
  readonly type: T
  readonly shape: Shape
  /**
   * What an integer vector holds, where the graph's text tells: constants, and shapes of other values with their symbols.
   * Shape rules read it (the target of a `Reshape`, the axes of a `ReduceSum`).
   */
  readonly contents: Shape | null
  /** The data of an initializer. */
  readonly data: Tensor | null

  constructor(name: string, type: T, shape: Shape, known: { contents?: Shape | null; data?: Tensor | null } = {}) {
    this.name = name
    this.type = type
    this.shape = shape
    this.contents = known.contents ?? null
    this.data = known.data ?? null
  }
}

export type RealType = 'float32' | 'float64'
export type IndexType = 'int64' | 'int32'
export type Real = Value<RealType>
export type Index = Value<IndexType>
export type Bool = Value<'bool'>
export type Text = Value<'string'>
export type Bits = Value<'uint32' | 'uint8'>
export type Numeric = Value<RealType | IndexType | 'uint32' | 'uint8'>
export type Any = Value
