/** What a model consists of, line by line, as Keras' `model.summary()` tells it. */
import { type BuiltLayer, type Model, weightsOf } from './model.ts'

export interface SummaryLayer {
  readonly name: string
  readonly type: string
  /** With the batch axis in front, which is null: any. */
  readonly output_shape: readonly (number | null)[]
  readonly parameters: number
  readonly trainable: boolean
}

/** The wire form of a summary. The input is no line of a chain's table, as in Keras. */
export interface Summary {
  readonly layers: readonly SummaryLayer[]
  readonly total_parameters: number
  readonly trainable_parameters: number
  readonly non_trainable_parameters: number
}

const sizeOf = (shape: readonly number[]) => shape.reduce((product, length) => product * length, 1)

const total = (weights: readonly { readonly shape: readonly number[] }[]) =>
  weights.reduce((sum, { shape }) => sum + sizeOf(shape), 0)

export function summarize(model: Model): Summary {
  const all = total(model.weights)
  const trainable = total(model.weights.filter((weight) => weight.trainable))
  return {
    layers: model.layers.filter(({ sources, shares }) => sources.length > 0 && shares === null).map(summarizeLayer),
    total_parameters: all,
    trainable_parameters: trainable,
    non_trainable_parameters: all - trainable,
  }
}

function summarizeLayer(layer: BuiltLayer): SummaryLayer {
  const { name, type, outputShapes, config } = layer
  return {
    name,
    type,
    output_shape: [null, ...(outputShapes[0] ?? [])],
    parameters: total(weightsOf(layer)),
    trainable: config.trainable ?? true,
  }
}

const titles = ['Layer (type)', 'Output Shape', 'Param #'] as const
/** Keras' widths of the three columns' texts; a longer text makes its column wider. */
const minimumWidths = [31, 22, 13] as const

/** The summary as Keras 3 prints it, `modelName` in the first line. */
export function formatSummary(summary: Summary, modelName = 'sequential'): string {
  const rows = summary.layers.map(({ name, type, output_shape, parameters }) => [
    `${name} (${type})`,
    formatOutputShape(output_shape),
    grouped(parameters),
  ])
  const widths = minimumWidths.map((width, column) =>
    Math.max(width, ...[titles, ...rows].map((row) => row[column]?.length ?? 0)),
  )
  const rule = (left: string, fill: string, middle: string, right: string) =>
    left + widths.map((width) => fill.repeat(width + 2)).join(middle) + right
  const line = (cells: readonly string[], edge: string) =>
    `${edge} ${widths.map((width, i) => padded(cells[i] ?? '', width, i)).join(` ${edge} `)} ${edge}`
  return [
    `Model: "${modelName}"`,
    rule('┏', '━', '┳', '┓'),
    line(titles, '┃'),
    rule('┡', '━', '╇', '┩'),
    rows.map((row) => line(row, '│')).join(`\n${rule('├', '─', '┼', '┤')}\n`),
    rule('└', '─', '┴', '┘'),
    totalLine('Total params', summary.total_parameters),
    totalLine('Trainable params', summary.trainable_parameters),
    totalLine('Non-trainable params', summary.non_trainable_parameters),
  ].join('\n')
}

/** Numbers stand right, texts left. */
const padded = (text: string, width: number, column: number) =>
  column === 2 ? text.padStart(width) : text.padEnd(width)

const formatOutputShape = (shape: readonly (number | null)[]) =>
  `(${shape.map((length) => length ?? 'None').join(', ')}${shape.length === 1 ? ',' : ''})`

/** 48522 as 48,522. */
const grouped = (count: number) => count.toLocaleString('en-US')

const bytesOfFloat32 = 4
const units = ['B', 'KB', 'MB', 'GB', 'TB'] as const

/** Keras counts four bytes a number, and 1024 bytes a KB. */
function totalLine(title: string, count: number): string {
  const bytes = count * bytesOfFloat32
  const power = Math.min(bytes === 0 ? 0 : Math.floor(Math.log(bytes) / Math.log(1024)), units.length - 1)
  return ` ${title}: ${grouped(count)} (${(bytes / 1024 ** power).toFixed(2)} ${units[power]})`
}
