/** What a model consists of, line by line, as Keras' `model.summary()` tells it. */
import { type BuiltLayer, type Model, weightsOf } from './model.ts'
import type { Source } from './wiring.ts'

export interface SummaryLayer {
  readonly name: string
  readonly type: string
  /** With the batch axis in front, which is null: any. */
  readonly output_shape: readonly (number | null)[]
  readonly parameters: number
  readonly trainable: boolean
  /** In a graph: what it takes, of every call, as Keras writes it: `layer[call][output]`. */
  readonly connected_to?: readonly string[]
}

/** The wire form of a summary. The input is no line of a chain's table, as in Keras; in a graph's table it is. */
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
  const own = model.layers.filter(({ shares }) => shares === null)
  return {
    layers: isChain(model)
      ? own.filter(({ sources }) => sources.length > 0).map(summarizeLayer)
      : own.map((layer) => ({ ...summarizeLayer(layer), connected_to: connections(model, layer.name) })),
    total_parameters: all,
    trainable_parameters: trainable,
    non_trainable_parameters: all - trainable,
  }
}

/** Each layer takes from the one before it and nothing else, and there is one call of each. */
function isChain({ layers, inputs, outputs }: Model): boolean {
  const follows = ({ sources, shares }: BuiltLayer, place: number) =>
    shares === null && (place === 0 || (sources.length === 1 && sources[0]?.layer === layers[place - 1]?.name))
  return inputs.length === 1 && outputs.length === 1 && layers.every(follows)
}

/** The sources of every call of a layer, as `layer[call][output]`. */
function connections({ layers }: Model, name: string): string[] {
  const callsOf = (owner: string) => layers.filter((layer) => (layer.shares ?? layer.name) === owner)
  const written = ({ layer, output }: Source) => {
    const owner = layers.find((other) => other.name === layer)?.shares ?? layer
    const call = callsOf(owner).findIndex((other) => other.name === layer)
    return `${owner}[${call}][${output}]`
  }
  return callsOf(name).flatMap(({ sources }) => sources.map(written))
}

function summarizeLayer(layer: BuiltLayer): SummaryLayer {
  const { name, type, outputShapes, config } = layer
  return {
    name,
    type: type === 'Input' ? 'InputLayer' : type,
    output_shape: [null, ...(outputShapes[0] ?? [])],
    parameters: total(weightsOf(layer)),
    trainable: config.trainable ?? true,
  }
}

/** Titles of the columns and Keras' widths of their texts; a longer text makes its column wider, where Keras would cut it. */
const chainColumns = { titles: ['Layer (type)', 'Output Shape', 'Param #'], widths: [31, 22, 13] } as const
const graphColumns = {
  titles: ['Layer (type)', 'Output Shape', 'Param #', 'Connected to'],
  widths: [19, 17, 10, 17],
} as const

/** The summary as Keras 3 prints it, `modelName` in the first line. */
export function formatSummary(summary: Summary, modelName = 'sequential'): string {
  const isGraph = summary.layers.some(({ connected_to }) => connected_to)
  const { titles, widths: minimumWidths } = isGraph ? graphColumns : chainColumns
  const rows = summary.layers.map(linesOf)
  const widths = minimumWidths.map((width, column) =>
    Math.max(width, ...[titles, ...rows.flat()].map((row) => row[column]?.length ?? 0)),
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
    rows.map((lines) => lines.map((row) => line(row, '│')).join('\n')).join(`\n${rule('├', '─', '┼', '┤')}\n`),
    rule('└', '─', '┴', '┘'),
    totalLine('Total params', summary.total_parameters),
    totalLine('Trainable params', summary.trainable_parameters),
    totalLine('Non-trainable params', summary.non_trainable_parameters),
  ].join('\n')
}

/** The cells of a layer's row, line by line: connections go on where a line of Keras' is full. */
function linesOf({ name, type, output_shape, parameters, connected_to }: SummaryLayer): string[][] {
  const cells = [`${name} (${type})`, formatOutputShape(output_shape), grouped(parameters)]
  if (!connected_to) return [cells]
  return wrapped(connected_to).map((sources, i) => [...(i === 0 ? cells : ['', '', '']), sources])
}

/** Texts as a list with commas, broken into lines of the width that Keras gives connections. */
function wrapped(texts: readonly string[]): string[] {
  if (texts.length === 0) return ['-']
  const lines: string[] = []
  for (const [i, text] of texts.entries()) {
    const piece = i < texts.length - 1 ? `${text},` : text
    const longer = lines.length === 0 ? piece : `${lines.at(-1)} ${piece}`
    if (lines.length > 0 && longer.length <= graphColumns.widths[3]) lines[lines.length - 1] = longer
    else lines.push(piece)
  }
  return lines
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
