import fc from 'fast-check'
import { expect, test } from 'vitest'
import { gradients } from '../../../src/autodiff/gradients.ts'
import { losses, lossOf, resolveLoss } from '../../../src/nn/losses/index.ts'
import type { Given } from '../../../src/nn/named.ts'
import { createBuilder } from '../../../src/onnx/builder.ts'
import { tensorOf } from '../../../src/onnx/tensor.ts'
import type { Any } from '../../../src/onnx/value.ts'
import { newGraph, numbers, runGraph } from '../../support/graph.ts'

const plain = Object.entries(losses).flatMap(([name, loss]) => (loss.logitsGradient ? [name] : []))
const closed: Given[] = [
  ...plain,
  { name: 'binary_crossentropy', label_smoothing: 0.2 } as Given,
  { name: 'categorical_crossentropy', label_smoothing: 0.2 } as Given,
]
const lengths = fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 2 }), fc.integer({ min: 2, max: 4 }))

/** Targets of a batch [rows, steps, units] that are right for every kind: one class in each place. */
function targetsFor(kind: string, [rows, steps, units]: readonly [number, number, number], picks: readonly number[]) {
  const classes = Array.from({ length: rows * steps }, (_, i) => (picks[i % picks.length] as number) % units)
  if (kind === 'class_index') return tensorOf('int32', classes, [rows, steps])
  const rowsOfClasses = classes.flatMap((index) => Array.from({ length: units }, (_, unit) => Number(unit === index)))
  return tensorOf('float32', rowsOfClasses, [rows, steps, units])
}

test.each(closed)('%j: its closed gradient at the logits is that of the walk back', async (given) => {
  const config = resolveLoss(given)
  const loss = lossOf(config)
  await fc.assert(
    fc.asyncProperty(
      lengths,
      fc.array(fc.double({ min: -4, max: 4, noNaN: true }), { minLength: 24, maxLength: 24 }),
      fc.array(fc.nat(9), { minLength: 1, maxLength: 6 }),
      async (shape, values, picks) => {
        const graph = newGraph()
        const op = createBuilder(graph)
        const logits = graph.input('logits', 'float32', ['batch', ...shape.slice(1)])
        const truth = targetsFor(loss.targetKind, shape, picks)
        const y: Any = graph.input('y', truth.type, ['batch', ...truth.dims.slice(1)])
        const sum = op.ReduceSum(loss.fromLogits?.(op, y, logits, config) ?? logits, null, { keepdims: 0 })
        graph.output(op.Identity(gradients(op, sum, [logits])[0] as Any))
        graph.output(op.Identity(loss.logitsGradient?.(op, y, logits, config) ?? logits))
        const size = shape[0] * shape[1] * shape[2]
        const feeds = { logits: tensorOf('float32', values.slice(0, size), shape), y: truth }
        const [walked, direct] = Object.values(await runGraph(graph, feeds)).map(numbers)
        for (const [i, value] of (direct ?? []).entries()) expect(value).toBeCloseTo(walked?.[i] as number, 5)
      },
    ),
    { numRuns: 15 },
  )
})

test('every crossentropy has a closed gradient', () => {
  expect(plain).toEqual(['binary_crossentropy', 'categorical_crossentropy', 'sparse_categorical_crossentropy'])
})
