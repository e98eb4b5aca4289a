/** What a model put out, as answers: a label and its probabilities, or a number; null where it is not finite. */
import type { Warning } from '../errors.ts'
import type { Tensor } from '../onnx/tensor.ts'
import type { Target } from './signature.ts'

/** The answer for one instance. */
export type Answer =
  | { readonly value: number | null }
  | { readonly label: string | null; readonly probabilities: Record<string, number | null> }

export interface Answers {
  readonly predictions: Answer[]
  readonly warnings: Warning[]
}

/** @param outputs `value` `[batch]`, or `label` `[batch]` and `probabilities` `[batch, labels]` */
export function toAnswers(target: Target, outputs: Readonly<Record<string, Tensor>>): Answers {
  const warnings: Warning[] = []
  const predictions =
    target.kind === 'regression'
      ? numbers(outputs, 'value').map((value, row) => ({ value: finite(value, row, 'value', warnings) }))
      : classAnswers(target.labels ?? [], outputs, warnings)
  return { predictions, warnings }
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
