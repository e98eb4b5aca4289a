/** The type of a shape rule, and what the rules share: reading inputs, axes and known contents. */
import { type Dim, formatShape, normalizeAxis, type Shape } from '../dims.ts'
import type { Attribute } from '../graph.ts'
import type { ElementType } from '../tensor.ts'
import type { Value } from '../value.ts'

/** What a rule says of one output; `contents` where an integer vector's elements are known. */
export interface InferredOutput {
  readonly type: ElementType
  readonly shape: Shape
  readonly contents?: Shape | null
}

export interface RuleArguments {
  readonly inputs: readonly (Value | null)[]
  readonly attributes: Readonly<Record<string, Attribute>>
}

/** From a node's inputs and attributes to the types and shapes of its outputs. Throws with the reason where they do not fit. */
export type ShapeRule = (node: RuleArguments) => readonly InferredOutput[]

/** The input at `index`; throws where it is missing. */
export function need({ inputs }: RuleArguments, index: number): Value {
  const value = inputs[index]
  if (!value) throw new Error(`input ${index} is missing`)
  return value
}

/** A number attribute, or its default. */
export function numberAttribute({ attributes }: RuleArguments, name: string, fallback: number): number {
  const value = attributes[name]
  if (value === undefined) return fallback
  if (typeof value !== 'number') throw new Error(`attribute ${name} is a number`)
  return value
}

/** The known integer contents of the input at `index`; throws where they are not known before the run. */
export function contentsOf(node: RuleArguments, index: number, what: string): Shape {
  const value = need(node, index)
  if (!value.contents) throw new Error(`${what} must be known when the graph is built`)
  return value.contents
}

/** The contents as numbers; throws where a symbol is among them. */
export function numbersOf(node: RuleArguments, index: number, what: string): number[] {
  return contentsOf(node, index, what).map((dim) => {
    if (typeof dim !== 'number') throw new Error(`${what} must be numbers, received ${dim}`)
    return dim
  })
}

/** The axes of an optional input, counted from the front; `fallback` where it is left out. */
export function axesOf(node: RuleArguments, index: number, rank: number, fallback: () => number[]): number[] {
  if (!node.inputs[index]) return fallback()
  return numbersOf(node, index, 'axes').map((axis) => normalizeAxis(axis, rank))
}

/** The dimension at a (possibly negative) axis. */
export function dimAt(shape: Shape, axis: number): Dim {
  return shape[normalizeAxis(axis, shape.length)] as Dim
}

/** Throws where two values differ in element type. */
export function sameType(a: Value, b: Value): void {
  if (a.type !== b.type) throw new Error(`element types differ: ${a.type} and ${b.type}`)
}

/** The error for two shapes that do not fit. */
export function misfit(what: string, a: Shape, b: Shape): Error {
  return new Error(`${what}: ${formatShape(a)} and ${formatShape(b)}`)
}
