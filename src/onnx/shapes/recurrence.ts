/** Shape rules of the fused recurrences: x [time, batch, features], w [directions, gates·hidden, features], r [directions, gates·hidden, hidden]. */
import { type Dim, multiplyDims } from '../dims.ts'
import { misfit, need, numberAttribute, type ShapeRule, sameType } from './rule.ts'

/** `gates` is how many blocks the weights hold, `states` how many last states come out after the sequence. */
const recurrence =
  (gates: number, states: number): ShapeRule =>
  (node) => {
    const [x, w, r] = [need(node, 0), need(node, 1), need(node, 2)]
    for (const weight of [w, r]) sameType(x, weight)
    const hidden = numberAttribute(node, 'hidden_size', 0)
    const directions = node.attributes.direction === 'bidirectional' ? 2 : 1
    const [time, batch, features] = x.shape as [Dim, Dim, Dim]
    if (x.shape.length !== 3) throw new Error(`x is [time, batch, features], received ${x.shape.length} axes`)
    const rows = multiplyDims([gates, hidden])
    const fits = (given: readonly Dim[], columns: Dim) =>
      given.length === 3 && given[0] === directions && given[1] === rows && given[2] === columns
    if (!fits(w.shape, features)) throw misfit('w has another shape', w.shape, [directions, rows, features])
    if (!fits(r.shape, hidden)) throw misfit('r has another shape', r.shape, [directions, rows, hidden])
    const last = { type: x.type, shape: [directions, batch, hidden] }
    return [{ type: x.type, shape: [time, directions, batch, hidden] }, ...Array.from({ length: states }, () => last)]
  }

export const recurrenceShapes = {
  RNN: recurrence(1, 1),
  GRU: recurrence(3, 1),
  LSTM: recurrence(4, 2),
} satisfies Record<string, ShapeRule>
