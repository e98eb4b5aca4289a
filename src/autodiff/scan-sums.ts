/**
 * Gradients of weights that a loop uses are sums over its steps. A carried sum costs a product and an addition of the weight's
 * size in each step; here sums are taken out of the loop instead. Summing commutes with what is linear: Σ aₜᵀ·dzₜ is one
 * large product of all a and all dz, Σ of row sums is one sum over steps and rows. What is not of such a form stays carried.
 */
import type { Builder } from '../onnx/builder.ts'
import { fixedShape, normalizeAxis, sameShape } from '../onnx/dims.ts'
import type { Node } from '../onnx/graph.ts'
import type { Real, Value } from '../onnx/value.ts'

/** How to get a sum over the steps after the loop. */
export interface StepSum {
  /** Values of one step that are needed of all steps. */
  readonly steps: readonly Value[]
  /** Values whose own sum has to be carried through the loop. */
  readonly carried: readonly Real[]
  /** The sum. `whole` gives a value of all steps, `[steps, …shape]`, `grown` the sum that was carried. */
  total(op: Builder, whole: (step: Value) => Real, grown: (part: Real) => Real): Real
}

/** What a plan may ask about the body of the loop. */
export interface StepValues {
  /** The node that computes a value in the backward body. */
  readonly producer: (value: Value) => Node | undefined
  /** Whether a value belongs to one step (not to a graph around the loop, and no constant). */
  readonly varies: (value: Value) => boolean
}

type Plan = (node: Node, body: StepValues) => StepSum | null

/** Sums the value over all steps, as far as possible outside of the loop. */
export function planSum(value: Real, body: StepValues): StepSum {
  const node = body.producer(value)
  const planned = node && Object.hasOwn(plans, node.opType) ? plans[node.opType]?.(node, body) : null
  // the zeros that a carried sum starts from are made around the loop, where shapes that are open inside are not known
  const fits = planned?.carried.every(({ shape }) => fixedShape(shape))
  if (planned && fits) return planned
  return { steps: [], carried: [value], total: (_op, _whole, grown) => grown(value) }
}

/** aᵀ·dz: the rows of all steps under each other. */
const planProduct: Plan = (node, { varies }) => {
  const [a, dz, c] = node.inputs as (Real | null | undefined)[]
  const { transA = 0, transB = 0, alpha = 1 } = node.attributes
  if (!a || !dz || c || transA !== 1 || transB !== 0 || a.shape.length !== 2 || dz.shape.length !== 2) return null
  if (!varies(a) || !varies(dz)) return null
  return {
    steps: [a, dz],
    carried: [],
    total: (op, whole) => {
      const [rows, drows] = [op.Flatten(whole(a), { axis: -1 }), op.Flatten(whole(dz), { axis: -1 })]
      return op.Gemm(rows, drows, null, alpha === 1 ? { transA: 1 } : { transA: 1, alpha: alpha as number })
    },
  }
}

const planRowSum: Plan = ({ inputs, attributes }, { varies }) => {
  const [x, axes] = inputs as [Real, Value | null | undefined]
  if (!varies(x)) return null
  const rank = x.shape.length
  const named = axes ? axes.contents : x.shape.map((_, axis) => axis)
  if (!named?.every((axis) => typeof axis === 'number')) return null
  const summed = named.map((axis) => normalizeAxis(axis, rank))
  return {
    steps: [x],
    carried: [],
    total: (op, whole) => {
      // as the sum over the rows of one matrix, which is made a product (onnx/passes/sums-over-rows.ts)
      const isOverRows = rank === 2 && summed.length === 1 && summed[0] === 0
      if (isOverRows) return op.ReduceSum(op.Flatten(whole(x), { axis: -1 }), op.ints([0]), attributes)
      const sum = op.ReduceSum(whole(x), op.ints([0, ...summed.map((axis) => axis + 1)]), { keepdims: 0 })
      return attributes.keepdims === 0 || summed.length === 0 ? sum : op.Unsqueeze(sum, op.ints(summed))
    },
  }
}

/** Of several terms, or of parts that are put together: each on its own. */
const planEach =
  (join: (op: Builder, parts: readonly Real[], node: Node) => Real): Plan =>
  (node, body) => {
    const parts = node.inputs as Real[]
    const sums = parts.map((part) => planSum(part, body))
    if (sums.every(({ steps }) => steps.length === 0)) return null
    return {
      steps: sums.flatMap(({ steps }) => steps),
      carried: sums.flatMap(({ carried }) => carried),
      total: (op, whole, grown) =>
        join(
          op,
          sums.map((sum) => sum.total(op, whole, grown)),
          node,
        ),
    }
  }

const planTerms: Plan = (node, body) => {
  const shape = node.outputs[0]?.shape ?? []
  if (!node.inputs.every((term) => term && sameShape(term.shape, shape))) return null
  return planEach((op, parts) => op.Sum(parts))(node, body)
}

/** Of another arrangement of a value whose sum is taken out; the arrangement follows the sum. */
const planMoved =
  (move: (op: Builder, x: Real, node: Node, target: Value<'int64'>) => Real): Plan =>
  (node, body) => {
    const [x, target] = node.inputs as [Real, Value<'int64'> | null | undefined]
    if (target && !target.data) return null
    const sum = planSum(x, body)
    if (sum.steps.length === 0) return null
    return {
      ...sum,
      total: (op, whole, grown) => {
        const constant = op.constant(target?.data ?? { type: 'int64', dims: [0], data: new BigInt64Array() })
        return move(op, sum.total(op, whole, grown), node, constant as Value<'int64'>)
      },
    }
  }

const plans: Readonly<Record<string, Plan>> = {
  Gemm: planProduct,
  FusedMatMul: planProduct,
  ReduceSum: planRowSum,
  Add: planTerms,
  Sum: planTerms,
  Concat: planEach((op, parts, { attributes }) => op.Concat(parts, { axis: attributes.axis as number })),
  Reshape: planMoved((op, x, _node, shape) => op.Reshape(x, shape)),
  Unsqueeze: planMoved((op, x, _node, axes) => op.Unsqueeze(x, axes)),
  Squeeze: planMoved((op, x, _node, axes) => op.Squeeze(x, axes)),
  Transpose: planMoved((op, x, { attributes }) => op.Transpose(x, { perm: attributes.perm as readonly number[] })),
  Neg: planMoved((op, x) => op.Neg(x)),
}
