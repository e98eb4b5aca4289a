/** What a model put out, as answers: a label and its probabilities, a number, or a cell of numbers; null where it is not finite. */
import { type Nested, toNested } from '../data/nested.ts'
import { pointer } from '../data/pointer.ts'
import type { Warning } from '../errors.ts'
import { elementCount, type Tensor } from '../onnx/tensor.ts'
import type { Target } from './signature.ts'

/** The answer for one instance. */
export type Answer =
  | { readonly value: number | null }
  | { readonly value: NestedAnswer | null; readonly probabilities?: NestedAnswer }
  | { readonly label: string | null; readonly probabilities: Record<string, number | null> }

/** The answer for one instance, by output where the model learned several. */
export type InstanceAnswer = Answer | { readonly outputs: Readonly<Record<string, Answer>> }

/** Numbers in the shape of a cell; null where one is not finite. */
export type NestedAnswer = readonly (number | null | NestedAnswer)[]

interface OneAnswers {
  readonly predictions: Answer[]
  readonly warnings: Warning[]
}

export interface Answers {
  readonly predictions: InstanceAnswer[]
  readonly warnings: Warning[]
}

/**
 * @param outputs `value` `[batch]`, or `label` `[batch]` and `probabilities` `[batch, labels]`; of a target with a shape
 *   `value` `[batch, …shape]` and, where it is classes, `probabilities` `[batch, …]`
 */
export function toAnswers(target: Target, outputs: Readonly<Record<string, Tensor>>): OneAnswers {
  const warnings: Warning[] = []
  if (target.shape) return { predictions: tensorAnswers(outputs, warnings), warnings }
  const predictions =
    target.kind === 'regression'
      ? numbers(outputs, 'value').map((value, row) => ({ value: finite(value, row, 'value', warnings) }))
      : classAnswers(target.labels ?? [], outputs, warnings)
  return { predictions, warnings }
}

/** The answers of every output under its name, each as a model with that output alone would answer. */
export function toOutputAnswers(
  targets: readonly (Target & { readonly output: string })[],
  outputs: Readonly<Record<string, Tensor>>,
): Answers {
  const each = targets.map((target) => {
    const prefix = `${target.output}_`
    const own = ['label', 'probabilities', 'value'].flatMap((name) => {
      const tensor = outputs[`${prefix}${name}`]
      return tensor ? [[name, tensor] as const] : []
    })
    const { predictions, warnings } = toAnswers(target, Object.fromEntries(own))
    const at = (of: string) => of.replace(/^\/predictions\/\d+/, (row) => `${row}${pointer('outputs', target.output)}`)
    return {
      output: target.output,
      predictions,
      warnings: warnings.map((one) => ({ ...one, pointer: at(one.pointer) })),
    }
  })
  const rows = each[0]?.predictions.length ?? 0
  const predictions = Array.from({ length: rows }, (_, row) => ({
    outputs: Object.fromEntries(each.map(({ output, predictions: own }) => [output, own[row] as Answer])),
  }))
  return { predictions, warnings: each.flatMap(({ warnings }) => warnings) }
}

function classAnswers(
  labels: readonly string[],
  outputs: Readonly<Record<string, Tensor>>,
  warnings: Warning[],
): Answer[] {
  const probabilities = numbers(outputs, 'probabilities')
  const chosen = outputs.label?.data as readonly string[] // string [batch]: export.ts names it so
  return chosen.map((label, row) => {
    // No prototype: a label may be called __proto__.
    const byLabel: Record<string, number | null> = Object.create(null)
    let allFinite = true
    labels.forEach((name, column) => {
      const value = probabilities[row * labels.length + column] ?? Number.NaN
      byLabel[name] = Number.isFinite(value) ? value : null
      allFinite &&= byLabel[name] !== null
    })
    if (!allFinite) warnings.push(notFinite(row, 'probabilities'))
    return { label: allFinite ? label : null, probabilities: byLabel }
  })
}

/** No classes are claimed where a probability is not a number. */
function tensorAnswers(outputs: Readonly<Record<string, Tensor>>, warnings: Warning[]): Answer[] {
  const probabilities = outputs.probabilities ? cells(outputs, 'probabilities', warnings) : null
  const values = cells(outputs, 'value', warnings)
  return values.map(({ cell: value }, row) => {
    const own = probabilities?.[row]
    return own ? { value: own.allFinite ? value : null, probabilities: own.cell } : { value }
  })
}

/** One nested list per row. */
function cells(outputs: Readonly<Record<string, Tensor>>, name: string, warnings: Warning[]) {
  const [rows = 0, ...shape] = outputs[name]?.dims ?? []
  const data = numbers(outputs, name)
  const size = elementCount(shape)
  return Array.from({ length: rows }, (_, row) => {
    const own = data.slice(row * size, (row + 1) * size)
    const allFinite = own.every(Number.isFinite)
    if (!allFinite) warnings.push(notFinite(row, name))
    return { cell: withNulls(toNested(own, shape)), allFinite }
  })
}

function withNulls(values: Nested): NestedAnswer {
  return values.map((value) => (typeof value === 'object' ? withNulls(value) : Number.isFinite(value) ? value : null))
}

function numbers(outputs: Readonly<Record<string, Tensor>>, name: string): number[] {
  const data = outputs[name]?.data
  if (data instanceof Float32Array || data instanceof Float64Array) return Array.from(data)
  throw new Error(`the served model has no output ${name} of real numbers`)
}

function finite(value: number, row: number, name: string, warnings: Warning[]): number | null {
  if (Number.isFinite(value)) return value
  warnings.push(notFinite(row, name))
  return null
}

function notFinite(row: number, name: string): Warning {
  const detail = `${name}: the model's output is NaN or infinite, which JSON cannot hold; it is answered as null`
  return { code: 'output_not_finite', pointer: `/predictions/${row}/${name}`, detail }
}
