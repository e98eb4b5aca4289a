/** A graph of ONNX operators: inputs, nodes in the order they run, outputs, and initializers (values that carry data). */
import type { Shape } from './dims.ts'
import type { ElementType, Tensor } from './tensor.ts'
import { Value } from './value.ts'

export type Attribute = number | string | readonly number[] | readonly string[] | Tensor | Graph

export interface Node {
  readonly opType: string
  /** `''` for the standard operators, `com.microsoft` or `ai.onnx.ml` otherwise. */
  readonly domain: string
  readonly name: string
  readonly inputs: readonly (Value | null)[]
  readonly outputs: readonly Value[]
  readonly attributes: Readonly<Record<string, Attribute>>
}

export class Graph {
  readonly name: string
  readonly inputs: Value[] = []
  readonly outputs: Value[] = []
  readonly initializers: Value[] = []
  nodes: Node[] = []
  readonly #names: Set<string>
  readonly #constants = new Map<string, Value>()
  readonly #counters: Map<string, number>

  private constructor(name: string, names: Set<string>, counters: Map<string, number>) {
    this.name = name
    this.#names = names
    this.#counters = counters
  }

  static create(name: string): Graph {
    return new Graph(name, new Set(), new Map())
  }

  /** A graph for the body of `Scan`, `Loop` or `If`: it may use this graph's values, so names are unique across both. */
  subgraph(name: string): Graph {
    return new Graph(name, this.#names, this.#counters)
  }

  /** A name not used yet in this graph or the graphs it is nested with, from `base`. */
  uniqueName(base: string): string {
    let name = base
    let count = this.#counters.get(base) ?? 0
    while (this.#names.has(name)) name = `${base}_${++count}`
    this.#counters.set(base, count)
    this.#names.add(name)
    return name
  }

  /** Gives a value that a node of this graph makes a more telling name, made unique. */
  rename(value: Value, base: string): void {
    value.name = this.uniqueName(base)
  }

  /** Declares an input. Throws when the name is taken: the name is part of the model's interface. */
  input<T extends ElementType>(name: string, type: T, shape: Shape): Value<T> {
    if (this.#names.has(name)) throw new Error(`the graph ${this.name} has a value named ${name} already`)
    this.#names.add(name)
    const value = new Value(name, type, shape)
    this.inputs.push(value)
    return value
  }

  /** Declares an input whose name nobody outside depends on, as in the body of a `Scan`: the name is made unique. */
  bodyInput<T extends ElementType>(base: string, type: T, shape: Shape): Value<T> {
    const value = new Value(this.uniqueName(base), type, shape)
    this.inputs.push(value)
    return value
  }

  /** Declares a value as an output, under its own name or a reserved one. */
  output(value: Value, reservedName?: string): void {
    if (reservedName !== undefined) value.name = reservedName
    this.outputs.push(value)
  }

  /** Keeps a name for an output, before anything else can take it: outputs' names are part of the model's interface. */
  reserve(name: string): void {
    if (this.#names.has(name)) throw new Error(`the graph ${this.name} has a value named ${name} already`)
    this.#names.add(name)
  }

  /** A value that carries data. Small equal constants are shared. */
  constant<T extends ElementType>(tensor: Tensor<T>, name?: string): Value<T> {
    const { data } = tensor
    const key = name === undefined && data.length <= 64 ? `${tensor.type}[${tensor.dims}]${data.join('\u0000')}` : null
    const known = key === null ? undefined : this.#constants.get(key)
    if (known && this.initializers.includes(known)) return known as Value<T> // pruning may have dropped it
    // not only shapes and axes: the sizes of a Split tell the weights of a network apart, one number for each
    const contents =
      tensor.type === 'int64' && tensor.dims.length <= 1 && data.length <= 65_536 ? Array.from(data, Number) : null
    const value = new Value(this.uniqueName(name ?? 'constant'), tensor.type, tensor.dims, { contents, data: tensor })
    this.initializers.push(value)
    if (key !== null) this.#constants.set(key, value)
    return value
  }
}
