/** What is done to the finished body of a step: rewritings that keep its numbers and take fewer or quicker nodes. */
import type { Builder } from '../onnx/builder.ts'
import type { Graph } from '../onnx/graph.ts'
import { largeSums } from '../onnx/passes/large-sums.ts'
import { plainReshapes } from '../onnx/passes/plain-reshapes.ts'
import { productIntoSum } from '../onnx/passes/product-into-sum.ts'
import { prune } from '../onnx/passes/prune.ts'
import { sumsOverRows } from '../onnx/passes/sums-over-rows.ts'
import { tensorOf } from '../onnx/tensor.ts'
import type { Value } from '../onnx/value.ts'

/** Changes the body in place; what is the same in every step goes to `outer`. `order` is [steps, batch]. */
export function rewriteStep(outer: Builder, body: Graph, order: Value): void {
  const rowOfBatch = outer.Concat([outer.ints([1]), outer.Shape(order, { start: 1, end: 2 })], { axis: 0 })
  const ones = outer.ConstantOfShape(rowOfBatch, { value: tensorOf('float32', [1]) })
  sumsOverRows(body, 'batch', ones)
  plainReshapes(body)
  prune(body) // what nothing reads any more would be one more reader of a product
  productIntoSum(body)
  largeSums(body)
}
