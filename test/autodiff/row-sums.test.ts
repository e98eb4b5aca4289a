import { expect, test } from 'vitest'
import { pullBack } from '../../src/autodiff/gradients.ts'
import { rowSums } from '../../src/autodiff/row-sums.ts'
import { createBuilder } from '../../src/onnx/builder.ts'
import { toBytes } from '../../src/onnx/codec.ts'
import { openSession } from '../../src/runtime/session.ts'
import { newGraph, numbers } from '../support/graph.ts'

interface Gathered {
  readonly table: readonly number[]
  /** Rows that each sample gathers. */
  readonly perSample: number
  readonly largestBatch: number
}

/** The program of dL/dtable for dL/dy given, indices [batch, perSample]. */
function program({ table, perSample, largestBatch }: Gathered) {
  const graph = newGraph()
  const op = createBuilder(graph)
  const data = graph.input('table', 'float32', table)
  const at = graph.input('at', 'int32', ['batch', perSample])
  const dy = graph.input('dy', 'float32', ['batch', perSample, ...table.slice(1)])
  const y = op.Gather(data, at, { axis: 0 })
  const own = rowSums(graph, largestBatch)
  const [gradient] = pullBack(op, [[y, dy]], [data], graph, own)
  graph.output(op.Identity(gradient as typeof data), 'gradient')
  const count = (opType: string) => graph.nodes.filter((node) => node.opType === opType).length
  return { bytes: toBytes(graph), pieces: count('ScatterND'), slow: count('ScatterElements') }
}

/** Runs it with two threads and whole numbers, so that sums are exact in any order. */
async function sums(gathered: Gathered, batch: number, times: number) {
  const { table, perSample } = gathered
  const size = table.slice(1).reduce((product, length) => product * length, 1)
  const rows = batch * perSample
  const at = Int32Array.from({ length: rows }, (_, i) => (i * 7) % Math.min(3, table[0] ?? 0))
  const dy = Float32Array.from({ length: rows * size }, (_, i) => (i % 5) - 1)
  const expected = new Array<number>((table[0] ?? 0) * size).fill(0)
  dy.forEach((value, i) => {
    const place = (at[Math.floor(i / size)] as number) * size + (i % size)
    expected[place] = (expected[place] as number) + value
  })
  const { bytes, pieces } = program(gathered)
  const session = await openSession(bytes, { threads: 2 })
  const feeds = {
    table: { type: 'float32', dims: table, data: new Float32Array(expected.length) },
    at: { type: 'int32', dims: [batch, perSample], data: at },
    dy: { type: 'float32', dims: [batch, perSample, ...table.slice(1)], data: dy },
  } as const
  const found = []
  for (let i = 0; i < times; i++) found.push(numbers((await session.run(feeds)).gradient))
  await session.close()
  return { found, expected, pieces }
}

test('repeated rows add up in one piece', async () => {
  const { found, expected, pieces } = await sums({ table: [5, 2, 3], perSample: 4, largestBatch: 6 }, 6, 1)
  expect(pieces).toBe(1)
  expect(found[0]).toEqual(expected)
})

test('no update is lost on two threads, in full pieces of a table read three rows at a time', async () => {
  const { found, expected, pieces } = await sums({ table: [3, 64], perSample: 100, largestBatch: 48 }, 48, 30)
  expect(pieces).toBe(3)
  for (const sum of found) expect(sum).toEqual(expected)
})

test('a smaller batch leaves the last pieces empty', async () => {
  const { found, expected, pieces } = await sums({ table: [40, 64], perSample: 100, largestBatch: 48 }, 3, 1)
  expect(pieces).toBe(3)
  expect(found[0]).toEqual(expected)
})

test('rows by the million are left to ScatterElements', () => {
  expect(program({ table: [3, 64], perSample: 100, largestBatch: 2000 })).toMatchObject({ pieces: 0, slow: 1 })
  expect(program({ table: [3, 200_000], perSample: 1, largestBatch: 2 })).toMatchObject({ pieces: 0, slow: 1 })
})
