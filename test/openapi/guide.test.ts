/** The guide to networks: its examples are planned and trained for an epoch, its lists are those of the tables. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { withNames } from '../../openapi/names.ts'
import { describeColumns } from '../../src/data/columns.ts'
import { tableFromJson } from '../../src/data/readers/read-table.ts'
import { type Definition, parseDefinition } from '../../src/nn/definition.ts'
import { buildModel } from '../../src/nn/model.ts'
import { summarize } from '../../src/nn/summary.ts'
import { encodePart } from '../../src/planning/parts.ts'
import { planTraining } from '../../src/planning/plan.ts'
import { type HistoryRow, fit as train } from '../../src/training/fit.ts'

const guide = readFileSync(join(import.meta.dirname, '../../docs/models.md'), 'utf8')

type Sample = number | readonly (string | boolean)[] | readonly (readonly number[])[]
interface Example {
  readonly kind: string
  readonly rows: Readonly<Record<string, Sample>>
  readonly json: Record<string, unknown>
}

const examples = [...guide.matchAll(/```json (model|training)(?: rows: ([^\n]*))?\n(.*?)```/gs)].map(
  ([, kind = '', rows = '{}', json = '']): Example => ({ kind, rows: JSON.parse(rows), json: JSON.parse(json) }),
)
const models = examples.filter(({ kind }) => kind === 'model')
const pairs = examples.flatMap((example, i) => {
  const model = examples[i - 1]
  return example.kind === 'training' && model ? [{ name: String(model.json.name), model, training: example }] : []
})

const definitionOf = ({ json }: Example): Definition => parseDefinition(json)

/** A cell like the sample: a number, one of some labels, or arrays of the given shape. */
function cell(sample: Sample, row: number): unknown {
  if (typeof sample === 'number') return sample + ((row * 7) % 11) / 4
  const [first] = sample
  if (!Array.isArray(first)) return sample[row % sample.length]
  return nested(first as number[], row)
}

function nested([size = 0, ...inner]: readonly number[], seed: number): unknown[] {
  const step = (i: number) => seed * 31 + i * 7
  return Array.from({ length: size }, (_, i) => (inner.length === 0 ? step(i) % 100 : nested(inner, step(i))))
}

async function tableOf({ rows }: Example) {
  const columns = Object.entries(rows).map(([name, sample]) => [
    name,
    Array.from({ length: 120 }, (_, row) => cell(sample, row)),
  ])
  const { table } = await tableFromJson({ columns: Object.fromEntries(columns) })
  return table
}

test('there are examples', () => {
  expect(models.length).toBeGreaterThan(4)
  expect(pairs.length).toBeGreaterThan(3)
})

test.each(models.map((model) => [String(model.json.name), model] as const))('%s is a definition', (_, model) => {
  expect(definitionOf(model).layers.length).toBeGreaterThan(1)
})

test.each(pairs)('$name can be trained as the guide says', async ({ model, training }) => {
  const table = await tableOf(training)
  const definition = definitionOf(model)
  const plan = planTraining({ definition, table, columns: describeColumns(table), request: training.json })
  expect(plan.warnings).toEqual([])
  const parts = { train: encodePart(plan, table, 'train'), validation: encodePart(plan, table, 'validation') }
  const losses: (number | null | undefined)[] = []
  const onEpoch = ({ loss }: HistoryRow) => {
    losses.push(loss)
  }
  await train({ ...plan, ...parts, epochs: 1, providers: ['cpu'], threads: 1 }, { onEpoch })
  expect(losses).toEqual([expect.any(Number)])
})

test('a layer that is used again has its weights once', () => {
  const alike = models.find(({ json }) => json.name === 'alike') as Example
  expect(summarize(buildModel(definitionOf(alike))).total_parameters).toBe(2 * 4 + 4)
})

test('the lists of names are those of the tables (npm run openapi writes them)', () => {
  expect(withNames(guide)).toBe(guide)
})
