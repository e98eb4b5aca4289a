/**
 * Calls of layers in a functional model. Keras 3 writes a call as `{ args, kwargs }` with tensors inside, Keras 2 as a list
 * of `[layer, call, output, kwargs]`; both tell tensors by the layer's name, the number of its call and of the output.
 */
import { isObject, type JsonObject } from './json.ts'

/** An output of a call of a layer. */
export interface TensorRef {
  readonly layer: string
  readonly call: number
  readonly output: number
}

export interface Call {
  readonly inputs: readonly TensorRef[]
  /** What its `mask` argument says. */
  readonly masks: readonly TensorRef[]
  /** Arguments of the call that are no tensors, without those that are null or false. */
  readonly settings: JsonObject
  /** Arguments that are neither tensors nor named: numbers in `x + 1`. */
  readonly loose: readonly unknown[]
  /** Whether a number stands before the tensors, as in `1 - x`. */
  readonly isNumberFirst: boolean
}

/** Inputs that are given by name, in the order in which their layer takes them. */
const order = ['inputs', 'sequences', 'sequence', 'query', 'value', 'key', 'initial_state']

const isHistory = (value: unknown): value is readonly [string, number, number, ...unknown[]] =>
  Array.isArray(value) && typeof value[0] === 'string' && typeof value[1] === 'number' && typeof value[2] === 'number'

const refOf = ([layer, call, output]: readonly [string, number, number, ...unknown[]]): TensorRef => ({
  layer,
  call,
  output,
})

/** A call that is counted from 1. */
export const callFromZero = (ref: TensorRef): TensorRef => ({ ...ref, call: Math.max(0, ref.call - 1) })

/**
 * The calls of a layer's `inbound_nodes`; null where they cannot be read. Keras 2 counts the calls of a model in a model
 * from 1, since its own layers are a first call of it.
 */
export function readCalls(nodes: unknown, isModel: (layer: string) => boolean): readonly Call[] | null {
  if (!Array.isArray(nodes)) return null
  // Keras 2 leaves out a list around the one tensor of the one call of a layer
  const calls = nodes.length > 0 && nodes.every(isHistory) ? [nodes] : nodes
  const read = calls.map((node: unknown) => (isObject(node) ? readCall3(node) : readCall2(node, isModel)))
  return read.every((call) => call !== null) ? read : null
}

function readCall3({ args, kwargs }: JsonObject): Call | null {
  if (!Array.isArray(args)) return null
  const given = tensorsIn(args)
  const named = splitKwargs(isObject(kwargs) ? kwargs : {})
  return {
    inputs: [...given.tensors, ...named.tensors],
    masks: named.masks,
    settings: named.settings,
    loose: given.others,
    isNumberFirst: typeof args[0] === 'number',
  }
}

function readCall2(node: unknown, isModel: (layer: string) => boolean): Call | null {
  const tensors = isHistory(node) ? [node] : node
  if (!Array.isArray(tensors) || !tensors.every(isHistory)) return null
  const kwargs = tensors.flatMap(([, , , given]) => (isObject(given) ? [given] : []))
  const named = splitKwargs(Object.assign({}, ...kwargs) as JsonObject)
  return {
    inputs: [...tensors.map(refOf), ...named.tensors].map((ref) => (isModel(ref.layer) ? callFromZero(ref) : ref)),
    masks: named.masks,
    settings: named.settings,
    loose: [],
    isNumberFirst: false,
  }
}

interface Named {
  readonly tensors: TensorRef[]
  readonly masks: TensorRef[]
  readonly settings: JsonObject
}

function splitKwargs({ mask, ...kwargs }: JsonObject): Named {
  const place = (name: string) => (order.includes(name) ? order.indexOf(name) : order.length)
  const entries = Object.entries(kwargs).sort(([a], [b]) => place(a) - place(b))
  const isInput = (name: string) => order.includes(name)
  const read = entries.map(([name, value]) => [name, value, isInput(name) ? tensorsIn(value).tensors : []] as const)
  return {
    tensors: read.flatMap(([, , tensors]) => tensors),
    masks: tensorsIn(mask).tensors,
    settings: Object.fromEntries(
      read.flatMap(([name, value, tensors]) =>
        tensors.length > 0 || value === null || value === false ? [] : [[name, value]],
      ),
    ),
  }
}

/** The tensors in a value, in order, and what else stands beside them. */
function tensorsIn(value: unknown, depth = 0): { tensors: TensorRef[]; others: unknown[] } {
  const history = tensorHistory(value)
  if (history) return { tensors: [refOf(history)], others: [] }
  if (!Array.isArray(value) || depth > 4) return { tensors: [], others: value === null ? [] : [value] }
  const inside = value.map((part: unknown) => tensorsIn(part, depth + 1))
  return { tensors: inside.flatMap(({ tensors }) => tensors), others: inside.flatMap(({ others }) => others) }
}

function tensorHistory(value: unknown): readonly [string, number, number, ...unknown[]] | null {
  if (isHistory(value)) return value
  if (!isObject(value) || value.class_name !== '__keras_tensor__' || !isObject(value.config)) return null
  const { keras_history: history } = value.config
  return isHistory(history) ? history : null
}

/** The tensors of `input_layers` and `output_layers`: one, a list, or an object by name; null where they cannot be read. */
export function readEnds(ends: unknown): readonly TensorRef[] | null {
  if (isHistory(ends)) return [refOf(ends)]
  const parts: unknown = isObject(ends) ? Object.values(ends) : ends
  if (!Array.isArray(parts)) return null
  const read = parts.map((part: unknown) => (isHistory(part) ? refOf(part) : null))
  return read.every((ref) => ref !== null) ? read : null
}
