/**
 * Builds graphs: one typed function per operator, which adds the node and infers the shape of what it gives.
 * `op.MatMul(x, kernel)` reads as the formula does.
 */
import { formatShape } from './dims.ts'
import type { Attribute, Graph, Node } from './graph.ts'
import { domains, type Operators, type OpType, severalOutputs } from './ops.ts'
import { shapeRules } from './shapes/index.ts'
import type { InferredOutput } from './shapes/rule.ts'
import { type ElementType, type Tensor, tensorOf } from './tensor.ts'
import { type Real, Value } from './value.ts'

export interface Builder extends Operators {
  readonly graph: Graph
  /** A value that carries data. */
  constant<T extends ElementType>(tensor: Tensor<T>, name?: string): Value<T>
  /** A scalar of the element type of `like`. */
  scalar<T extends Exclude<ElementType, 'string'>>(value: number, like: Value<T>): Value<T>
  /** A vector of int64: axes, shapes, starts. */
  ints(values: readonly number[]): Value<'int64'>
  /** The builder whose next node takes `name` as its name and as the base of its outputs' names. */
  named(name: string): Builder
}

/** Names the operator, the node and the shapes that did not fit; layers and imports turn it into a `Problem`. */
export class ShapeError extends Error {
  override readonly name = 'ShapeError'
  readonly opType: string
  readonly node: string
  readonly reason: string

  constructor(opType: string, node: string, inputs: readonly (Value | null)[], reason: string) {
    const received = inputs.map((input) => (input ? `${input.type}${formatShape(input.shape)}` : '-')).join(', ')
    super(`${opType} "${node}": ${reason} (inputs: ${received})`)
    this.opType = opType
    this.node = node
    this.reason = reason
  }
}

/** Adds any node, its outputs' types and shapes inferred. Attributes left undefined are left out. */
export function addNode(
  graph: Graph,
  opType: OpType,
  inputs: readonly (Value | null)[],
  attributes: Readonly<Record<string, Attribute | undefined>>,
  name: string = opType.toLowerCase(),
): Node {
  const given: Record<string, Attribute> = {}
  for (const [key, value] of Object.entries(attributes)) if (value !== undefined) given[key] = value
  const nodeName = graph.uniqueName(name)
  const inferred = inferOutputs(opType, nodeName, inputs, given)
  const outputs = inferred.map(
    ({ type, shape, contents }, i) =>
      new Value(graph.uniqueName(i === 0 ? `${nodeName}_y` : `${nodeName}_y${i}`), type, shape, {
        contents: contents ?? null,
      }),
  )
  const node: Node = { opType, domain: domains[opType] ?? '', name: nodeName, inputs, outputs, attributes: given }
  graph.nodes.push(node)
  return node
}

function inferOutputs(
  opType: OpType,
  name: string,
  inputs: readonly (Value | null)[],
  attributes: Readonly<Record<string, Attribute>>,
): readonly InferredOutput[] {
  try {
    return shapeRules[opType]({ inputs, attributes })
  } catch (error) {
    if (error instanceof ShapeError) throw error
    throw new ShapeError(opType, name, inputs, error instanceof Error ? error.message : String(error))
  }
}

const isInput = (argument: unknown): argument is Value | null => argument === null || argument instanceof Value

/** Splits the arguments of an operator's function into the node's inputs and attributes. */
function readArguments(args: readonly unknown[]): {
  inputs: (Value | null)[]
  attributes: Record<string, Attribute | undefined>
} {
  const inputs: (Value | null)[] = []
  let attributes: Record<string, Attribute | undefined> = {}
  for (const argument of args) {
    if (isInput(argument)) inputs.push(argument)
    else if (Array.isArray(argument)) inputs.push(...(argument as Value[]))
    else attributes = argument as Record<string, Attribute | undefined>
  }
  while (inputs.length > 0 && inputs.at(-1) === null) inputs.pop()
  return { inputs, attributes }
}

/** What a builder's functions work on. */
interface Site {
  readonly graph: Graph
  readonly nodeName: string | undefined
}

function operatorOf(opType: OpType) {
  const givesList = opType in severalOutputs
  return function (this: Site, ...args: unknown[]): readonly Value[] | Value | undefined {
    const { inputs, attributes } = readArguments(args)
    const { outputs } = addNode(this.graph, opType, inputs, attributes, this.nodeName)
    return givesList ? outputs : outputs[0]
  }
}

/** Shared by all builders, of which a graph takes hundreds. */
const functions = {
  ...Object.fromEntries((Object.keys(shapeRules) as OpType[]).map((opType) => [opType, operatorOf(opType)])),
  constant(this: Site, tensor: Tensor, name?: string) {
    return this.graph.constant(tensor, name)
  },
  scalar(this: Site, value: number, like: Value<Exclude<ElementType, 'string'>>) {
    return this.graph.constant(tensorOf(like.type, [value], []))
  },
  ints(this: Site, values: readonly number[]) {
    return this.graph.constant(tensorOf('int64', values))
  },
  named(this: Site, name: string) {
    return builderAt({ graph: this.graph, nodeName: name })
  },
}

/** The builder of a graph. Shape mistakes throw `ShapeError`. */
export function createBuilder(graph: Graph): Builder {
  return builderAt({ graph, nodeName: undefined })
}

function builderAt(site: Site): Builder {
  return Object.assign(Object.create(functions), site) // the table of shape rules is total over OpType: all operators are there
}

/** A value narrowed to real numbers; a plain error where it is not (a broken promise of ours). */
export function asReal(value: Value): Real {
  if (value.type !== 'float32' && value.type !== 'float64') throw new Error(`${value.name} is ${value.type}, not real`)
  return value as Real
}
