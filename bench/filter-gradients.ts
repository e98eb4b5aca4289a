/**
 * The forms of a convolution's weight gradient side by side, for layers of usual shapes: `npm run build && node
 * dist/bench/filter-gradients.js [--rounds N] [--only text]`. The columns form is 1; above 1 is slower than it. One thread and
 * the least processor time of all rounds, so that other work on the machine shows as little as it can.
 */
import { parseArgs } from 'node:util'
import { byColumns, byPlaces, bySwapping, type FilterGradient } from '../src/autodiff/filter-gradient.ts'
import { type Builder, createBuilder } from '../src/onnx/builder.ts'
import { toBytes } from '../src/onnx/codec.ts'
import { Graph } from '../src/onnx/graph.ts'
import { elementCount, type Tensor, tensorOf } from '../src/onnx/tensor.ts'
import type { Real } from '../src/onnx/value.ts'
import { createRandom, deriveKey } from '../src/random.ts'
import { openSession, type Session } from '../src/runtime/session.ts'
import { formatTable } from './statistics.ts'

interface Layer {
  readonly name: string
  /** [batch, channels, …spatial] */
  readonly x: readonly number[]
  readonly filters: number
  readonly kernel: number
  readonly stride?: number
  readonly group?: number
}

const layers: readonly Layer[] = [
  { name: '28x28, 1 to 16', x: [32, 1, 28, 28], filters: 16, kernel: 3 },
  { name: '14x14, 16 to 32', x: [32, 16, 14, 14], filters: 32, kernel: 3 },
  { name: '28x28, 4 to 16', x: [32, 4, 28, 28], filters: 16, kernel: 3 },
  { name: '28x28, 8 to 16', x: [32, 8, 28, 28], filters: 16, kernel: 3 },
  { name: '28x28, 16 to 16', x: [32, 16, 28, 28], filters: 16, kernel: 3 },
  { name: '28x28, 16 to 1', x: [32, 16, 28, 28], filters: 1, kernel: 3 },
  { name: '28x28, 32 to 32, kernel 5', x: [32, 32, 28, 28], filters: 32, kernel: 5 },
  { name: '28x28, 32 to 64, stride 2', x: [32, 32, 28, 28], filters: 64, kernel: 3, stride: 2 },
  { name: '28x28, 64 to 128, kernel 1', x: [32, 64, 28, 28], filters: 128, kernel: 1 },
  { name: '28x28, depthwise 64', x: [32, 64, 28, 28], filters: 64, kernel: 3, group: 64 },
  { name: '28x28, depthwise 16, 4 each', x: [32, 16, 28, 28], filters: 64, kernel: 3, group: 16 },
  { name: '28x28, 64 to 64 in 4 groups', x: [32, 64, 28, 28], filters: 64, kernel: 3, group: 4 },
  { name: '100 steps, 64 to 64, kernel 5', x: [32, 64, 100], filters: 64, kernel: 5 },
  { name: '480x680, 3 to 16', x: [4, 3, 480, 680], filters: 16, kernel: 3 },
  { name: '240x340, 16 to 32', x: [4, 16, 240, 340], filters: 32, kernel: 3 },
  { name: '120x170, 32 to 64', x: [4, 32, 120, 170], filters: 64, kernel: 3 },
]

const forms: Readonly<Record<string, (op: Builder, convolution: FilterGradient) => Real>> = {
  columns: byColumns,
  places: byPlaces,
  swapped: bySwapping,
}

/** A form as a model of its own, and what to feed it. */
async function openForm(layer: Layer, form: (typeof forms)[string]) {
  const { stride = 1, kernel, group = 1 } = layer
  const pad = Math.floor((kernel - 1) / 2)
  const [batch = 1, channels = 1, ...spatial] = layer.x
  const slides = spatial.map(() => ({ kernel, stride, dilation: 1, before: pad, after: kernel - 1 - pad }))
  const out = [batch, layer.filters, ...spatial.map((length) => Math.ceil(length / stride))]
  const graph = Graph.create('form')
  const op = createBuilder(graph)
  const x = graph.input('x', 'float32', ['batch', channels, ...spatial])
  const dy = graph.input('dy', 'float32', ['batch', ...out.slice(1)])
  graph.output(form(op, { x, dy, slides, group }))
  const feeds = { x: someNumbers(layer.x), dy: someNumbers(out) }
  return { session: await openSession(toBytes(graph), { threads: 1 }), feeds }
}

function someNumbers(dims: readonly number[]): Tensor {
  const random = createRandom(deriveKey('filter gradients', ...dims))
  return tensorOf(
    'float32',
    Float32Array.from({ length: elementCount(dims) }, () => random.uniform() - 0.5),
    dims,
  )
}

/** Milliseconds of processor time a run, over at least 40 ms. */
async function timed(session: Session, feeds: Record<string, Tensor>): Promise<number> {
  const started = performance.now()
  const before = process.cpuUsage()
  let runs = 0
  while (performance.now() - started < 40) {
    await session.run(feeds)
    runs++
  }
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000 / runs
}

async function compare(layer: Layer, rounds: number): Promise<string[]> {
  const opened = await Promise.all(Object.values(forms).map((form) => openForm(layer, form)))
  const times = opened.map((): number[] => [])
  for (let round = -1; round < rounds; round++) {
    for (const [i, { session, feeds }] of opened.entries()) {
      const milliseconds = await timed(session, feeds)
      if (round >= 0) times[i]?.push(milliseconds)
    }
  }
  for (const { session } of opened) await session.close()
  const least = times.map((list) => Math.min(...list))
  const first = least[0] ?? Number.NaN
  return [layer.name, first.toFixed(2), ...least.slice(1).map((time) => (time / first).toFixed(2))]
}

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '9' },
    only: { type: 'string', default: '' },
  },
})
const rows = []
for (const layer of layers.filter(({ name }) => name.includes(options.only))) {
  rows.push(await compare(layer, Number(options.rounds)))
}
const [first = '', ...others] = Object.keys(forms)
console.log(formatTable(['layer', `${first} ms`, ...others.map((name) => `${name} to it`)], rows))
