/** Constraints on weights, after every update of the optimizer, as in Keras. */
import { constraints } from '../nn/constraints/index.ts'
import type { WeightSpec } from '../nn/model.ts'
import { entryOf } from '../nn/named.ts'
import type { Builder } from '../onnx/builder.ts'
import type { Real } from '../onnx/value.ts'
import type { Group } from './layout.ts'
import { unpackGroup } from './model-graph.ts'

/** The updated vector [1, size] of a group with its weights' constraints kept; itself where there are none. */
export function constrained(op: Builder, group: Group, weights: readonly WeightSpec[], updated: Real): Real {
  const wanted = new Map(weights.map(({ name, constraint }) => [name, constraint]))
  if (group.members.every(({ name }) => !wanted.get(name))) return updated
  const values = unpackGroup(op, group, updated)
  const rows = group.members.map(({ name }) => {
    const [value, constraint] = [values[name] as Real, wanted.get(name)]
    return op.Reshape(
      constraint ? entryOf(constraints, constraint).apply(op, value, constraint) : value,
      op.ints([1, -1]),
    )
  })
  return rows.length === 1 ? (rows[0] as Real) : op.Concat(rows, { axis: 1 })
}
