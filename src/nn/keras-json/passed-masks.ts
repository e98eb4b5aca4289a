/**
 * Keras 3 writes down how masks come to be: operators that compute them (`NotEqual` beside an `Embedding`), and the `mask`
 * that a call was given. The layers of a definition hand masks on of their own accord, so both are left out, where the mask
 * is the one that would be handed on.
 */
import { type Entries, type Entry, followAliases, keyOf } from './entries.ts'
import { isObject } from './json.ts'
import type { Call, TensorRef } from './nodes.ts'
import { operatorOf } from './operators.ts'
import type { Origins } from './origins.ts'

/** Operators that make a mask of masks: of Masking, and of layers with several inputs. */
const ofMasks = new Set(['Any', 'All', 'LogicalOr', 'Concatenate', 'ExpandDims', 'Squeeze', 'BroadcastTo'])

/** Layers that take their mask from elsewhere than their first input, or not at all, when they have several. */
const recurrent = new Set(['SimpleRNN', 'LSTM', 'GRU', 'RNN', 'Bidirectional'])

/** The layers without operators that nothing but masks need; masks that are not handed on are mistakes. */
export function withoutMasks(given: Entries, outputs: readonly TensorRef[], origins: Origins): Entries {
  const find = finder(given)
  for (const entry of given.entries) {
    entry.calls.forEach((call, i) => {
      if (call.masks.every((mask) => isPassed(mask, call, entry, find))) return
      const reason = 'a mask is read where it is that of the first input, which an Embedding or a Masking made'
      origins.mistake(`${entry.origin}/inbound_nodes/${i}`, reason)
    })
  }
  const needed = neededBy(outputs, given.entries, find)
  return { ...given, entries: given.entries.filter((entry) => operatorOf(entry.json) === null || needed.has(entry)) }
}

type Find = (ref: TensorRef) => { readonly entry: Entry; readonly call: Call | null } | null

function finder({ entries, aliases }: Entries): Find {
  const named = new Map(entries.map((entry) => [entry.name, entry]))
  return (ref) => {
    const { layer, call } = followAliases(ref, aliases)
    const entry = named.get(layer)
    return entry ? { entry, call: entry.calls[call] ?? null } : null
  }
}

/** Whether the layer would be given this mask. */
function isPassed(mask: TensorRef, call: Call, { json }: Entry, find: Find): boolean {
  const [first] = call.inputs
  if (recurrent.has(String(json.class_name)) && call.inputs.length > 1) return false
  return first !== undefined && isOfMakers(mask, makersBefore(first, find), find)
}

interface Maker {
  readonly input: TensorRef
  readonly value: unknown
}

/** The layers before a tensor that make masks, with what they take and the value that they leave out. */
function makersBefore(ref: TensorRef, find: Find): Maker[] {
  const makers: Maker[] = []
  const seen = new Set<string>()
  const waiting = [ref]
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const found = find(next)
    if (!found?.call || seen.has(keyOf(next))) continue
    seen.add(keyOf(next))
    const { class_name, config } = found.entry.json
    const [input] = found.call.inputs
    const { mask_zero, mask_value } = isObject(config) ? config : {}
    if (input && class_name === 'Embedding' && mask_zero === true) makers.push({ input, value: 0 })
    if (input && class_name === 'Masking') makers.push({ input, value: mask_value })
    waiting.push(...found.call.inputs)
  }
  return makers
}

/** Whether a mask is made of what these layers leave out, and of nothing else. */
function isOfMakers(mask: TensorRef, makers: readonly Maker[], find: Find): boolean {
  const found = find(mask)
  const operator = found && operatorOf(found.entry.json)
  if (!found?.call || operator === null) return false
  const { inputs, loose } = found.call
  if (operator === 'OnesLike' || operator === 'ZerosLike') return true
  if (operator !== 'NotEqual') return ofMasks.has(operator) && inputs.every((input) => isOfMakers(input, makers, find))
  const [of] = inputs
  return makers.some(({ input, value }) => of !== undefined && keyOf(input) === keyOf(of) && loose[0] === value)
}

/** The layers that something other than masks needs. */
function neededBy(outputs: readonly TensorRef[], entries: readonly Entry[], find: Find): ReadonlySet<Entry> {
  const needed = new Set<Entry>()
  const layers = entries.filter(({ json }) => operatorOf(json) === null)
  const waiting = [...outputs, ...layers.flatMap(({ calls }) => calls.flatMap(({ inputs }) => inputs))]
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const entry = find(next)?.entry
    if (!entry || needed.has(entry)) continue
    needed.add(entry)
    waiting.push(...entry.calls.flatMap(({ inputs }) => inputs))
  }
  return needed
}
