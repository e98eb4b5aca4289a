/** Whole tables through their encoders: fitted on the training rows, encoded for training, lowered for serving. */
import type { Builder } from '../../onnx/builder.ts'
import type { Value } from '../../onnx/value.ts'
import type { MissingRule } from '../missing-values.ts'
import { type ColumnOf, type ColumnType, columnNamed, type Table } from '../table.ts'
import { beside, type EncoderOf, type FittedEncoder, type InputTypes, type Preprocessing } from './encoder.ts'
import { encoders } from './index.ts'

/** How each feature is to be encoded, in the order of the request. */
export interface FeaturePlan {
  readonly column: string
  readonly preprocessing: Preprocessing
  readonly missing: MissingRule
}

/**
 * Fits one encoder per feature on the training rows alone.
 * @throws {Problem} missing_values where a fill value cannot be found
 */
export function fitEncoders(table: Table, trainRows: Int32Array, features: readonly FeaturePlan[]): FittedEncoder[] {
  return features.map(({ column, preprocessing, missing }) => {
    const cells = columnNamed(table, column)
    return fitOne(cells.type, cells, trainRows, preprocessing, missing)
  })
}

function fitOne<T extends ColumnType>(
  type: T,
  column: ColumnOf<T>,
  rows: Int32Array,
  how: Preprocessing,
  rule: MissingRule,
): EncoderOf<T> {
  return encoders[type].fit(column, rows, how, rule)
}

/** The shape of one encoded row: that of the tensor, which is a network's only feature where there is one, or [width]. */
export function encodedShape(fitted: readonly FittedEncoder[]): readonly number[] {
  const [first] = fitted
  return first?.type === 'tensor' && fitted.length === 1 ? first.shape : [encodedWidth(fitted)]
}

/** How many numbers one encoded row has. */
export function encodedWidth(fitted: readonly FittedEncoder[]): number {
  return fitted.reduce((width, encoder) => width + encoder.width, 0)
}

/** The rows as the network takes them: float32 [rows, width], row-major. */
export function encodeRows(fitted: readonly FittedEncoder[], table: Table, rows: Int32Array): Float32Array {
  const stride = encodedWidth(fitted)
  const out = new Float32Array(rows.length * stride)
  let offset = 0
  for (const encoder of fitted) {
    encodeOne(encoder.type, encoder, table, rows, out, offset, stride)
    offset += encoder.width
  }
  return out
}

function encodeOne<T extends ColumnType>(
  type: T,
  encoder: EncoderOf<T>,
  table: Table,
  rows: Int32Array,
  out: Float32Array,
  offset: number,
  stride: number,
): void {
  const column = columnNamed(table, encoder.column)
  if (column.type !== type)
    throw new Error(`column ${column.name} is ${column.type}, its encoder was fitted on ${type}`)
  encoders[type].encode(encoder, column as ColumnOf<T>, rows, out, offset, stride) // its type was just compared
}

/** Names of the outputs of a model that learned one target, which no input may have. */
const usualOutputNames: readonly string[] = ['label', 'probabilities', 'value']

/** The name of the served model's input for each feature: its own, or with `_input` after it where an output has that name. */
export function inputNames(
  fitted: readonly FittedEncoder[],
  outputNames: readonly string[] = usualOutputNames,
): Record<string, string> {
  const taken = new Set([...outputNames, ...fitted.map(({ column }) => column)])
  return Object.fromEntries(
    fitted.map(({ column }) => {
      let name = column
      if (outputNames.includes(column)) while (taken.has(name)) name = `${name}_input`
      taken.add(name)
      return [column, name]
    }),
  )
}

/**
 * Declares one input [batch, 1] per feature (numbers float64 with NaN for missing, texts string with '' for missing,
 * booleans float64 0, 1 or NaN; a tensor float32 [batch, …shape]) and encodes them as `encodeRows` does, to float32
 * [batch, …encodedShape]. Call it on a graph before anything else takes the names of the features.
 */
export function lowerEncoders(
  op: Builder,
  fitted: readonly FittedEncoder[],
): { inputs: Record<string, Value>; encoded: Value<'float32'> } {
  const { inputs, encoded } = lowerGroups(op, [fitted])
  return { inputs, encoded: encoded[0] as Value<'float32'> }
}

/** The same for the features of each of a model's inputs: one encoded value per group. */
export function lowerGroups(
  op: Builder,
  groups: readonly (readonly FittedEncoder[])[],
  outputNames?: readonly string[],
): { inputs: Record<string, Value>; encoded: Value<'float32'>[] } {
  const names = inputNames(groups.flat(), outputNames)
  const inputs: Record<string, Value> = {}
  for (const encoder of groups.flat()) {
    const { column, type } = encoder
    const shape = type === 'tensor' ? encoder.shape : [1]
    inputs[column] = op.graph.input(names[column] ?? column, encoders[type].inputType, ['batch', ...shape])
  }
  const encoded = groups.map((fitted) =>
    beside(
      op,
      runsOfOneType(fitted).map((run) => lowerRun(op, run[0].type, run, inputs)),
    ),
  )
  return { inputs, encoded }
}

function lowerRun<T extends ColumnType>(
  op: Builder,
  type: T,
  run: readonly FittedEncoder[],
  inputs: Readonly<Record<string, Value>>,
): Value<'float32'> {
  const own = run as readonly EncoderOf<T>[] // runs are of one type
  const values = run.map(({ column }) => inputs[column] as Value<InputTypes[T]>) // declared above with this type
  return encoders[type].lower(op, own, values)
}

/** Neighbours of one type go through the graph together: 784 numbers are one Concat, Sub, Div and Cast. */
function runsOfOneType(fitted: readonly FittedEncoder[]): [FittedEncoder, ...FittedEncoder[]][] {
  const runs: [FittedEncoder, ...FittedEncoder[]][] = []
  for (const encoder of fitted) {
    const last = runs.at(-1)
    if (last !== undefined && last[0].type === encoder.type) last.push(encoder)
    else runs.push([encoder])
  }
  return runs
}
