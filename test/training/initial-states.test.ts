/** An encoder and a decoder, from the definition to the model that serves: states go from one to the other. */
import { expect, test } from 'vitest'
import { readTable } from '../../src/data/readers/read-table.ts'
import { parseDefinition } from '../../src/nn/definition.ts'
import { fromBytes } from '../../src/onnx/codec.ts'
import { tensorOf } from '../../src/onnx/tensor.ts'
import { encodePart } from '../../src/planning/parts.ts'
import { planTraining } from '../../src/planning/plan.ts'
import { createRandom } from '../../src/random.ts'
import { openSession } from '../../src/runtime/session.ts'
import { exportModel } from '../../src/training/export.ts'
import { fit as teach } from '../../src/training/fit.ts'
import { numbers } from '../support/graph.ts'

const random = createRandom(3)
/** What a decoder is to say of a sequence lies in the state alone: its mean, at each of three steps of zeros. */
const rows = Array.from({ length: 200 }, () => {
  const source = Array.from({ length: 4 }, () => [random.uniform()])
  const mean = source.reduce((sum, [value = 0]) => sum + value, 0) / 4
  return { source, steps: [[0], [0], [0]], y: [[mean], [mean], [mean]] }
})

const layers = [
  { type: 'Input', name: 'source', shape: [4, 1] },
  { type: 'Input', name: 'steps', shape: [3, 1] },
  { type: 'LSTM', name: 'encoder', units: 6, return_state: true, inputs: ['source'] },
  {
    type: 'LSTM',
    name: 'decoder',
    units: 6,
    return_sequences: true,
    inputs: ['steps', { layer: 'encoder', output: 1 }, { layer: 'encoder', output: 2 }],
  },
  { type: 'TimeDistributed', name: 'said', layer: { type: 'Dense', units: 1 }, inputs: ['decoder'] },
]

test('learns what only the states can tell it, and serves it with the fused operators', async () => {
  const { table, columns } = await readTable(Buffer.from(JSON.stringify({ rows })), { format: 'json' })
  const plan = planTraining({
    definition: parseDefinition({ layers }),
    table,
    columns,
    request: {
      ...{ dataset: 'ds_1', target: 'y', features: { source: ['source'], steps: ['steps'] }, seed: 1, epochs: 40 },
      ...{ preprocessing: 'none', optimizer: { name: 'adam', learning_rate: 0.02 } },
    },
  })
  const train = encodePart(plan, table, 'train')
  const losses: number[] = []
  const result = await teach(
    { ...plan, train, validation: encodePart(plan, table, 'validation'), providers: ['cpu'], threads: 1 },
    { onEpoch: ({ loss }) => void losses.push(Number(loss)) },
  )
  expect(losses.at(-1)).toBeLessThan(0.05 * (losses[0] ?? 0))

  const { bytes } = exportModel({ ...plan, weights: result.last.weights })
  const served = fromBytes(bytes).graph
  expect(served.nodes.map(({ opType }) => opType)).not.toContain('Scan')
  const decoder = served.nodes.filter(({ opType }) => opType === 'LSTM').at(-1)
  expect(decoder?.inputs.slice(5, 7).every((state) => state !== null)).toBe(true)
  const session = await openSession(bytes)
  const source = [0.9, 0.1, 0.6, 0.8]
  const said = await session.run({
    source: tensorOf('float32', source, [1, 4, 1]),
    steps: tensorOf('float32', [0, 0, 0], [1, 3, 1]),
  })
  await session.close()
  for (const value of numbers(Object.values(said)[0])) expect(Math.abs(value - 0.6)).toBeLessThan(0.08)
})
