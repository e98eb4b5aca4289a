/**
 * The operators that fitserve knows, one line each: the builder's function, the shape rule's key and the type of its
 * gradient rule all follow from that line. Names, inputs and attributes are ONNX's (opset 21).
 * An optional input is `| null`; a variable number of inputs is an array; attributes come last.
 * @see https://onnx.ai/onnx/operators/
 */
import type { Graph } from './graph.ts'
import type { ElementType, Tensor } from './tensor.ts'
import type { Any, Bits, Bool, Index, Numeric, Real, Text, Value } from './value.ts'
import type { WindowAttributes } from './windows.ts'

export interface Reduction {
  /** 1 (default) keeps the reduced axes with length 1. */
  readonly keepdims?: 0 | 1
}

export interface Convolution extends WindowAttributes {
  /** Into how many groups the channels divide, each with its own filters; 1 by default. */
  readonly group?: number
}

export interface Pool extends WindowAttributes {
  readonly kernel_shape: readonly number[]
  /** 1: a last window may lie over the end. */
  readonly ceil_mode?: 0 | 1
}

export interface Recurrence {
  readonly hidden_size: number
  readonly direction?: 'forward' | 'reverse' | 'bidirectional'
  /** Names of ONNX operators, in the order that each operator says. */
  readonly activations?: readonly string[]
}

export interface Operators {
  // elementwise, one input
  Neg<T extends Numeric>(x: T): T
  Abs<T extends Numeric>(x: T): T
  Sign<T extends Numeric>(x: T): T
  Exp<T extends Real>(x: T): T
  Log<T extends Real>(x: T): T
  Sqrt<T extends Real>(x: T): T
  Reciprocal<T extends Real>(x: T): T
  Floor<T extends Real>(x: T): T
  Ceil<T extends Real>(x: T): T
  Round<T extends Real>(x: T): T
  Sin<T extends Real>(x: T): T
  Cos<T extends Real>(x: T): T
  Erf<T extends Real>(x: T): T
  Identity<T extends Any>(x: T): T
  Cast<T extends ElementType>(x: Any, attributes: { to: T }): Value<T>
  Not(x: Bool): Bool
  IsNaN(x: Real): Bool
  IsInf(x: Real): Bool
  // activations
  Relu<T extends Real>(x: T): T
  LeakyRelu<T extends Real>(x: T, attributes: { alpha?: number }): T
  PRelu<T extends Real>(x: T, slope: T): T
  Elu<T extends Real>(x: T, attributes: { alpha?: number }): T
  Selu<T extends Real>(x: T, attributes: { alpha?: number; gamma?: number }): T
  Sigmoid<T extends Real>(x: T): T
  HardSigmoid<T extends Real>(x: T, attributes: { alpha?: number; beta?: number }): T
  Tanh<T extends Real>(x: T): T
  Softplus<T extends Real>(x: T): T
  Softsign<T extends Real>(x: T): T
  Softmax<T extends Real>(x: T, attributes: { axis?: number }): T
  LogSoftmax<T extends Real>(x: T, attributes: { axis?: number }): T
  Clip<T extends Numeric>(x: T, min: T | null, max: T | null): T
  // elementwise, with broadcasting
  Add<T extends Numeric>(a: T, b: T): T
  Sub<T extends Numeric>(a: T, b: T): T
  Mul<T extends Numeric>(a: T, b: T): T
  Div<T extends Numeric>(a: T, b: T): T
  Pow<T extends Numeric>(x: T, exponent: Numeric): T
  Mod<T extends Numeric>(a: T, b: T, attributes: { fmod?: 0 | 1 }): T
  Max<T extends Numeric>(inputs: readonly T[]): T
  Min<T extends Numeric>(inputs: readonly T[]): T
  Sum<T extends Real>(inputs: readonly T[]): T
  Where<T extends Any>(condition: Bool, x: T, y: T): T
  Equal(a: Any, b: Any): Bool
  Greater(a: Numeric, b: Numeric): Bool
  GreaterOrEqual(a: Numeric, b: Numeric): Bool
  Less(a: Numeric, b: Numeric): Bool
  LessOrEqual(a: Numeric, b: Numeric): Bool
  And(a: Bool, b: Bool): Bool
  Or(a: Bool, b: Bool): Bool
  BitShift<T extends Bits>(x: T, by: T, attributes: { direction: 'LEFT' | 'RIGHT' }): T
  BitwiseXor<T extends Bits | Index>(a: T, b: T): T
  BitwiseAnd<T extends Bits | Index>(a: T, b: T): T
  // linear algebra
  MatMul<T extends Real>(a: T, b: T): T
  Gemm<T extends Real>(
    a: T,
    b: T,
    c: T | null,
    attributes: { alpha?: number; beta?: number; transA?: 0 | 1; transB?: 0 | 1 },
  ): T
  /** `com.microsoft`: MatMul whose operands may be read transposed, for nothing. float32 only on a CPU. */
  FusedMatMul<T extends Real>(a: T, b: T, attributes: { alpha?: number; transA?: 0 | 1; transB?: 0 | 1 }): T
  // windows over spatial axes, [batch, channels, …spatial]
  Conv<T extends Real>(x: T, w: T, b: T | null, attributes: Convolution): T
  ConvTranspose<T extends Real>(
    x: T,
    w: T,
    b: T | null,
    attributes: Convolution & { output_padding?: readonly number[] },
  ): T
  MaxPool<T extends Real>(x: T, attributes: Pool): [T, Value<'int64'>]
  MaxUnpool<T extends Real>(x: T, indices: Value<'int64'>, shape: Index | null, attributes: Pool): T
  AveragePool<T extends Real>(x: T, attributes: Pool & { count_include_pad?: 0 | 1 }): T
  GlobalAveragePool<T extends Real>(x: T): T
  GlobalMaxPool<T extends Real>(x: T): T
  Resize<T extends Real>(
    x: T,
    roi: Real | null,
    scales: Value<'float32'> | null,
    sizes: Index | null,
    attributes: {
      axes?: readonly number[]
      mode?: 'nearest' | 'linear'
      coordinate_transformation_mode?: 'half_pixel' | 'asymmetric' | 'align_corners' | 'pytorch_half_pixel'
      nearest_mode?: 'round_prefer_floor' | 'round_prefer_ceil' | 'floor' | 'ceil'
    },
  ): T
  // reductions
  ReduceSum<T extends Numeric>(x: T, axes: Index | null, attributes: Reduction): T
  ReduceMean<T extends Real>(x: T, axes: Index | null, attributes: Reduction): T
  ReduceMax<T extends Numeric>(x: T, axes: Index | null, attributes: Reduction): T
  ReduceMin<T extends Numeric>(x: T, axes: Index | null, attributes: Reduction): T
  ReduceSumSquare<T extends Real>(x: T, axes: Index | null, attributes: Reduction): T
  ReduceL2<T extends Real>(x: T, axes: Index | null, attributes: Reduction): T
  ReduceLogSumExp<T extends Real>(x: T, axes: Index | null, attributes: Reduction): T
  ArgMax(x: Numeric, attributes: { axis?: number; keepdims?: 0 | 1; select_last_index?: 0 | 1 }): Index
  ArgMin(x: Numeric, attributes: { axis?: number; keepdims?: 0 | 1; select_last_index?: 0 | 1 }): Index
  // shapes and places
  Shape(x: Any, attributes: { start?: number; end?: number }): Value<'int64'>
  Size(x: Any): Value<'int64'>
  Reshape<T extends Any>(x: T, shape: Index): T
  Flatten<T extends Any>(x: T, attributes: { axis?: number }): T
  Squeeze<T extends Any>(x: T, axes: Index | null): T
  Unsqueeze<T extends Any>(x: T, axes: Index): T
  Expand<T extends Any>(x: T, shape: Index): T
  Tile<T extends Any>(x: T, repeats: Index): T
  Transpose<T extends Any>(x: T, attributes: { perm?: readonly number[] }): T
  Concat<T extends Any>(inputs: readonly T[], attributes: { axis: number }): T
  Split<T extends Any>(x: T, split: Index, attributes: { axis?: number }): T[]
  Slice<T extends Any>(x: T, starts: Index, ends: Index, axes: Index | null, steps: Index | null): T
  Pad<T extends Numeric>(x: T, pads: Index, value: T | null, axes: Index | null, attributes: { mode?: string }): T
  Gather<T extends Any>(data: T, indices: Index, attributes: { axis?: number }): T
  GatherElements<T extends Any>(data: T, indices: Index, attributes: { axis?: number }): T
  ScatterElements<T extends Numeric>(
    data: T,
    indices: Index,
    updates: T,
    attributes: { axis?: number; reduction?: 'none' | 'add' | 'mul' | 'max' | 'min' },
  ): T
  /** Rows of `data` chosen by the last axis of the indices. Adds repeated rows rightly only on one thread: see autodiff/row-sums.ts. */
  ScatterND<T extends Numeric>(
    data: T,
    indices: Value<'int64'>,
    updates: T,
    attributes: { reduction?: 'none' | 'add' | 'mul' | 'max' | 'min' },
  ): T
  OneHot<T extends Numeric>(indices: Numeric, depth: Index, values: T, attributes: { axis?: number }): T
  Range<T extends Numeric>(start: T, limit: T, delta: T): T
  ConstantOfShape<T extends ElementType>(shape: Index, attributes: { value: Tensor<T> }): Value<T>
  // chance
  Dropout<T extends Real>(x: T, ratio: Real | null, trainingMode: Bool | null, attributes: { seed?: number }): [T, Bool]
  // recurrence, [time, batch, features]; weights have an axis of directions in front. Forward only (see `forwardOnly`)
  /** All states [time, directions, batch, hidden], and the last ones. */
  RNN<T extends Real>(
    x: T,
    w: T,
    r: T,
    b: T | null,
    sequenceLengths: Value<'int32'> | null,
    h0: T | null,
    attributes: Recurrence,
  ): [T, T]
  /** Gates z, r, h. */
  GRU<T extends Real>(
    x: T,
    w: T,
    r: T,
    b: T | null,
    sequenceLengths: Value<'int32'> | null,
    h0: T | null,
    attributes: Recurrence & { linear_before_reset?: 0 | 1 },
  ): [T, T]
  /** Gates i, o, f, c; the last output is the last cell state. */
  LSTM<T extends Real>(
    x: T,
    w: T,
    r: T,
    b: T | null,
    sequenceLengths: Value<'int32'> | null,
    h0: T | null,
    c0: T | null,
    peepholes: T | null,
    attributes: Recurrence,
  ): [T, T, T]
  // control flow
  Scan(
    inputs: readonly Any[],
    attributes: {
      body: Graph
      num_scan_inputs: number
      scan_input_axes?: readonly number[]
      scan_input_directions?: readonly number[]
      scan_output_axes?: readonly number[]
      scan_output_directions?: readonly number[]
    },
  ): Any[]
}

/** Kept for the types of texts in `Equal` and `Where`. */
export type TextValue = Text

export type OpType = keyof Operators

/** The inputs of an operator, in ONNX's order: a tuple, or an array where their number varies. */
export type InputsOf<K extends OpType> = OnlyValues<Parameters<Operators[K]>>

type OnlyValues<P extends readonly unknown[]> = P extends readonly [infer First, ...infer Rest]
  ? First extends Value | null
    ? [First, ...OnlyValues<Rest>]
    : First extends readonly (infer V extends Value)[]
      ? readonly V[]
      : []
  : []

/** The attributes of an operator; an empty object where it has none. */
export type AttributesOf<K extends OpType> =
  Extract<LastOf<Parameters<Operators[K]>>, object> extends infer Last
    ? Last extends Value | readonly unknown[] | null
      ? Record<never, never>
      : Last
    : never

type LastOf<P extends readonly unknown[]> = P extends readonly [...unknown[], infer Last] ? Last : never

/** The outputs of an operator: a tuple of one, or its list. */
export type OutputsOf<K extends OpType> =
  ReturnType<Operators[K]> extends infer Result
    ? Result extends readonly Value[]
      ? Result
      : [Extract<Result, Value>]
    : never

/**
 * Operators with a real input and a real output that have no gradient rule, and why. The fused recurrences give no gates, so
 * that a backward pass would have to compute all of them again: recurrent layers train through `Scan` and serve through these.
 */
export const forwardOnly = {
  RNN: 'gives no gates',
  GRU: 'gives no gates',
  LSTM: 'gives no gates',
  ScatterND: 'stands in backward passes',
} as const

/** Operators with a real input and a real output: each of them has a gradient rule. Derived, so none can be forgotten. */
export type DifferentiableOp = Exclude<
  {
    [K in OpType]: TakesReal<InputsOf<K>> extends true ? (GivesReal<OutputsOf<K>> extends true ? K : never) : never
  }[OpType],
  keyof typeof forwardOnly
>

type HasReal<V> =
  Extract<V, Value> extends Value<infer T> ? (Extract<T, 'float32'> extends never ? false : true) : false
type TakesReal<I extends readonly unknown[]> = true extends HasReal<Exclude<I[number], null>> ? true : false
type GivesReal<O extends readonly unknown[]> = true extends HasReal<O[number]> ? true : false

/** Operators that answer a list of outputs. The record is total: the compiler finds what is missing. */
export const severalOutputs: Readonly<Record<SeveralOutputsOp, true>> = {
  Split: true,
  Dropout: true,
  MaxPool: true,
  RNN: true,
  GRU: true,
  LSTM: true,
  Scan: true,
}

type SeveralOutputsOp = { [K in OpType]: ReturnType<Operators[K]> extends readonly Value[] ? K : never }[OpType]

/**
 * Operators whose later outputs may be left out, with how many must be there. Those that nobody reads are not written into
 * the file: ONNX Runtime takes longer where it is asked for the indices of a pool or the mask of a dropout.
 */
export const requiredOutputs: Readonly<Partial<Record<OpType, number>>> = {
  Dropout: 1,
  MaxPool: 1,
  RNN: 1,
  GRU: 1,
  LSTM: 1,
}

/** Operators outside of ONNX's standard domain. */
export const domains: Readonly<Partial<Record<OpType, string>>> = { FusedMatMul: 'com.microsoft' }
