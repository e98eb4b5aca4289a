/** What every encoder of a column declares: how it is fitted, how it encodes rows, and how it is lowered to ONNX. */
import type { Builder } from '../../onnx/builder.ts'
import { tensorOf } from '../../onnx/tensor.ts'
import type { Value } from '../../onnx/value.ts'
import type { FittedMissing, MissingRule } from '../missing-values.ts'
import type { ColumnOf, ColumnType } from '../table.ts'

/** What can be done to a column before it is fed to a network. */
export const preprocessings = ['standardize', 'one_hot', 'rescale', 'none'] as const
export type Preprocessing = (typeof preprocessings)[number]

/** What a network takes where it looks values up: whole numbers in this range, the ends included. */
export interface IdRange {
  readonly min: number
  readonly max: number
}

interface Fitted<T extends ColumnType, V> {
  readonly column: string
  readonly type: T
  readonly preprocessing: Preprocessing
  /** How many numbers of the network's input it makes. */
  readonly width: number
  readonly missing: FittedMissing<V>
}

/** (x - shift) / scale in float64, then rounded to float32. */
export interface NumberEncoder extends Fitted<'number', number> {
  readonly shift: number
  readonly scale: number
  /** Where the network takes ids. */
  readonly range?: IdRange
}

/** One number per category of the training rows: 1 for the cell's own, 0 for all others; an unseen text is all zeros. */
export interface CategoryEncoder extends Fitted<'category', string> {
  readonly categories: readonly string[]
}

/** 0 or 1. */
export interface BooleanEncoder extends Fitted<'boolean', boolean> {}

/** (x - shift) / scale of every number of a cell, in float32. */
export interface TensorEncoder extends Fitted<'tensor', never> {
  /** Of one cell. */
  readonly shape: readonly number[]
  /** Whether shorter sequences are filled up with zeros at their end. */
  readonly padded: boolean
  readonly shift: number
  readonly scale: number
  /** Where the network takes ids. */
  readonly range?: IdRange
}

/** Plain data, kept with a version. */
export type FittedEncoder = NumberEncoder | CategoryEncoder | BooleanEncoder | TensorEncoder
export type EncoderOf<T extends ColumnType> = Extract<FittedEncoder, { type: T }>

/** The element type in which cells of a column reach a served model, as [batch, 1] or, tensors, [batch, …shape]. */
export interface InputTypes {
  readonly number: 'float64'
  readonly category: 'string'
  /** 0 or 1: ONNX has no missing boolean, a float64 has NaN. */
  readonly boolean: 'float64'
  readonly tensor: 'float32'
}

export interface EncoderKind<T extends ColumnType> {
  /** What may be asked for; the first is the default. */
  readonly preprocessing: readonly [Preprocessing, ...Preprocessing[]]
  readonly inputType: InputTypes[T]
  fit(column: ColumnOf<T>, rows: Int32Array, preprocessing: Preprocessing, missing: MissingRule): EncoderOf<T>
  /** Writes row i of `rows` to `out` at `offset + i * stride`. */
  encode(
    encoder: EncoderOf<T>,
    column: ColumnOf<T>,
    rows: Int32Array,
    out: Float32Array,
    offset: number,
    stride: number,
  ): void
  /** Encoders of one type that stand side by side, with their inputs: float32 [batch, sum of widths]; of a tensor, which stands alone, [batch, …shape]. */
  lower(op: Builder, run: readonly EncoderOf<T>[], inputs: readonly Value<InputTypes[T]>[]): Value<'float32'>
}

/** Values side by side. */
export function beside<V extends Value>(op: Builder, values: readonly V[]): V {
  const [first] = values
  if (first === undefined) throw new Error('nothing to put side by side')
  return values.length === 1 ? first : op.Concat(values, { axis: 1 })
}

/** x [batch, columns] with NaN replaced by the fill of its column; columns without a fill keep theirs. */
export function filledIn(op: Builder, x: Value<'float64'>, fills: readonly (number | null)[]): Value<'float64'> {
  if (fills.every((fill) => fill === null)) return x
  const row = tensorOf(
    'float64',
    fills.map((fill) => fill ?? Number.NaN),
    [1, fills.length],
  )
  return op.Where(op.IsNaN(x), op.constant(row), x)
}
