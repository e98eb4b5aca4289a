/** Operators between an output of a layer and a number, as Keras writes `x + 3` or `x / 255`: a `Rescaling` each. */
import type { JsonObject } from './json.ts'
import type { Call } from './nodes.ts'
import type { RawLayer } from './read-layer.ts'

interface Rescaled {
  readonly scale: number
  readonly offset: number
}

/** By class: of the number, and whether it stands before the operator; null where that is no rescaling. */
const operators: Readonly<Record<string, (number: number, isFirst: boolean) => Rescaled | null>> = {
  Add: (offset) => ({ scale: 1, offset }),
  Subtract: (number, isFirst) => (isFirst ? { scale: -1, offset: number } : { scale: 1, offset: -number }),
  Multiply: (scale) => ({ scale, offset: 0 }),
  Divide: divide,
  TrueDivide: divide,
}

function divide(number: number, isFirst: boolean): Rescaled | null {
  return isFirst || number === 0 ? null : { scale: 1 / number, offset: 0 }
}

/** The class of an operation of Keras, which is no layer; null for everything else. */
export function operatorOf({ module, class_name }: JsonObject): string | null {
  const isOperator = typeof module === 'string' && module.startsWith('keras.src.ops.')
  return isOperator && typeof class_name === 'string' ? class_name : null
}

/** The layer of such an operator; null for everything else. */
export function readOperator(json: JsonObject, { inputs, loose, isNumberFirst }: Call): RawLayer | null {
  const operator = operatorOf(json)
  const [number] = loose
  if (!operator || inputs.length !== 1 || loose.length !== 1 || typeof number !== 'number') return null
  const rescaled = Object.hasOwn(operators, operator) ? operators[operator]?.(number, isNumberFirst) : null
  return rescaled ? { type: 'Rescaling', ...rescaled } : null
}
