/** What does not fit between a column to be learned, the output that is to learn it, and the kind of loss. */
import { formatShape } from '../../onnx/dims.ts'
import { activationOf } from '../activations.ts'
import type { LossOutput, Target } from './loss.ts'

/** A number to learn needs one unit; two classes may be learned as the numbers 0 and 1. */
export function numberMisfit(output: LossOutput, target: Target): string | null {
  if (target.kind === 'multiclass') {
    return `this loss learns numbers, but ${targetName(target)} has ${target.labels?.length ?? 'several'} classes: use sparse_categorical_crossentropy with a softmax output`
  }
  return unitsMisfit(output, 1, `${targetName(target)} is one number`, 'give the last layer 1 unit')
}

/** Two classes on one unit, which `loss` reads as yes and no. */
export function twoClassesMisfit(output: LossOutput, target: Target, loss: string, activation: string): string | null {
  if (target.kind === 'regression') {
    return `${loss} learns two classes, but ${targetName(target)} is a number: use mean_squared_error`
  }
  if (target.kind === 'multiclass') {
    return `${loss} learns two classes, but ${targetName(target)} has ${target.labels?.length ?? 'more'}: use sparse_categorical_crossentropy with a softmax output`
  }
  const advice = `give the last layer 1 unit with ${activation}, or use sparse_categorical_crossentropy`
  return unitsMisfit(output, 1, `${loss} learns ${targetName(target)} with 1 unit`, advice)
}

/** One unit per class. */
export function classesMisfit(output: LossOutput, target: Target, loss: string, activation: string): string | null {
  if (target.kind === 'regression') {
    return `${loss} learns classes, but ${targetName(target)} is a number: use mean_squared_error`
  }
  const classes = target.labels?.length ?? 2
  const orBinary = classes === 2 ? ', or 1 unit with sigmoid and binary_crossentropy' : ''
  const advice = `give the last layer ${inUnits(classes)} with ${activation}${orBinary}`
  return unitsMisfit(output, classes, `${targetName(target)} has ${classes} classes`, advice)
}

/** Probabilities that add up to 1. */
export function distributionMisfit({ activation }: LossOutput, loss: string): string | null {
  if (activationOf(activation).gives === 'distribution') return null
  return `${loss} compares probabilities of the classes, but the last layer's activation is ${activation}: use "activation": "softmax"`
}

/**
 * What is wrong with the output's shape for a column of a table that takes `units` values, and what to do; null where it
 * is right. Other numbers of axes would broadcast against the truth and train to the wrong end.
 */
function unitsMisfit({ shape }: LossOutput, units: number, what: string, advice: string): string | null {
  const [count] = shape
  if (shape.length !== 1) {
    return `${what}, but the output has the shape ${formatShape(['batch', ...shape])}: put a Flatten layer before the last layer`
  }
  return count === units ? null : `${what}, but the output has ${inUnits(count ?? 0)}: ${advice}`
}

/** 1 unit, 3 units. */
const inUnits = (count: number) => `${count} ${count === 1 ? 'unit' : 'units'}`

/** The target's column in words. */
function targetName({ column }: Target): string {
  return column === undefined ? 'the target' : `the target ${JSON.stringify(column)}`
}
