import { expect, test } from 'vitest'
import { createBuilder } from '../../src/onnx/builder.ts'
import { tensorOf } from '../../src/onnx/tensor.ts'
import { createRandom, deriveKey } from '../../src/random.ts'
import { hashedCounters, uniformLike } from '../../src/training/uniform.ts'
import { newGraph, numbers, runGraph } from '../support/graph.ts'

async function draw(key: number, site: string, shape: number[]) {
  const graph = newGraph()
  const op = createBuilder(graph)
  const x = graph.input('x', 'float32', ['batch', ...shape.slice(1)])
  const keyValue = graph.input('key', 'uint32', [])
  graph.output(uniformLike(op, x, keyValue, site, hashedCounters(op, op.Size(x))))
  const feeds = {
    x: tensorOf('float32', new Float32Array(shape.reduce((a, b) => a * b)), shape),
    key: tensorOf('uint32', [key], []),
  }
  return numbers(Object.values(await runGraph(graph, feeds))[0])
}

test('the graph draws the numbers that createRandom draws', async () => {
  const random = createRandom((123456789 ^ deriveKey('site', 'dropout')) >>> 0)
  const expected = Array.from({ length: 24 }, () => Math.floor(random.uniform() * 2 ** 24) / 2 ** 24)
  expect(await draw(123456789, 'dropout', [4, 3, 2])).toEqual(expected)
})

test('draws are uniform, and independent between sites and keys', async () => {
  const n = 40_000
  const [a, b, c] = await Promise.all([draw(1, 'a', [n, 1]), draw(1, 'b', [n, 1]), draw(2, 'a', [n, 1])])
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
  const correlation = (x: number[], y: number[]) =>
    12 * mean(x.map((value, i) => (value - 0.5) * ((y[i] as number) - 0.5)))
  expect(mean(a)).toBeCloseTo(0.5, 2)
  expect(correlation(a, a)).toBeCloseTo(1, 1)
  for (const other of [b, c, a.slice(1).concat(0)]) expect(Math.abs(correlation(a, other))).toBeLessThan(0.02)
  expect(Math.max(...a)).toBeLessThan(1)
})
