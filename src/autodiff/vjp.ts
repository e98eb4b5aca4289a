/**
 * The type of a gradient rule: the vector-Jacobian product (VJP) of one operator.
 * A rule adds nodes that turn the cotangents of a node's outputs (dL/dy) into those of its inputs (dL/dx).
 */
import type { Builder } from '../onnx/builder.ts'
import type { Graph, Node } from '../onnx/graph.ts'
import type { AttributesOf, DifferentiableOp, InputsOf, OutputsOf } from '../onnx/ops.ts'
import type { Real, Value } from '../onnx/value.ts'

/** dL/dx of one value; null where it is zero or off the path from the weights to the loss. */
export type Cotangent = Real | null

type TakesReal<V> = V extends Value<infer T> ? ('float32' extends T ? true : never) : never

/** A value as a rule sees it: what may be real is real, since rules are asked about real values only. */
type SeenByRule<V> = V extends Value ? (TakesReal<V> extends never ? V : Real) : V

type Seen<L extends readonly unknown[]> = { [I in keyof L]: SeenByRule<L[I]> }

/** The node that a rule is asked about, typed by its operator. */
export interface VjpNode<K extends DifferentiableOp = DifferentiableOp> {
  readonly inputs: Seen<InputsOf<K>>
  readonly outputs: Seen<OutputsOf<K>>
  readonly attributes: AttributesOf<K>
  /** The node itself, and the graph where it stands (not always the graph that the rule adds nodes to). */
  readonly node: Node
  readonly graph: Graph
  /** Values of outer graphs that the node's bodies use: inputs all but in name. */
  readonly captured: readonly Value[]
  /** Whether a value's cotangent will be used. For `Scan` alone, whose unused results no pruning could take out. */
  readonly wanted: (value: Value) => boolean
  /** Differentiates a body. Handed in, since the walk itself depends on the rules. */
  readonly pullBack: PullBack
}

/** From cotangents of values to those of `wrt`; `graph` holds the values, the nodes go to the graph of `op`. */
export type PullBack = (
  op: Builder,
  cotangents: Iterable<readonly [y: Value, dy: Real]>,
  wrt: readonly Value[],
  graph?: Graph,
) => Real[]

/** What arrives: the cotangent of the one real output, or of each of several (null where off the path). */
type CotangentsOf<O extends readonly unknown[]> = number extends O['length']
  ? readonly Cotangent[]
  : O extends readonly [unknown, ...infer Rest]
    ? TakesReal<Rest[number]> extends never
      ? [dy: Real]
      : { [I in keyof O]: Cotangent }
    : never

/** What a rule gives: a cotangent or null per input; for bodies, those of the captured values follow. */
type ResultsOf<I extends readonly unknown[]> = number extends I['length']
  ? readonly Cotangent[]
  : { [P in keyof I]: TakesReal<I[P]> extends never ? null : Cotangent }

/**
 * The rule of an operator. It never undoes broadcasting (a result may have the shape of the output), never asks which input
 * matters, and never reads a number where a shape may hold `batch`. A zero gradient is written as null.
 */
export type Vjp<K extends DifferentiableOp> = (
  op: Builder,
  node: VjpNode<K>,
  ...cotangents: CotangentsOf<OutputsOf<K>>
) => ResultsOf<InputsOf<K>>

/** A table of rules; total over its operators. */
export type VjpRules<K extends DifferentiableOp = DifferentiableOp> = { readonly [P in K]: Vjp<P> }

/** A node on the path from weights to loss has no rule: its operator is not one of ours (an imported model's, say). */
export class MissingRuleError extends Error {
  override readonly name = 'MissingRuleError'
  readonly opType: string
  readonly node: string

  constructor({ opType, name, domain }: Node) {
    super(
      `${domain ? `${domain}.` : ''}${opType} "${name}" has no gradient rule; its weights can only be kept as they are`,
    )
    this.opType = opType
    this.node = name
  }
}
