/**
 * The forms of the gradients of convolutions and pools side by side, for layers of usual shapes: `npm run build && node
 * dist/bench/spatial.js [--rounds N] [--only text]`. The first form is 1; above 1 is slower than it. One thread and the least
 * processor time of all rounds, so that other work on the machine shows as little as it can.
 */
import { parseArgs } from 'node:util'
import { byColumns, byPlaces, bySwapping, type FilterGradient } from '../src/autodiff/filter-gradient.ts'
import { byFlipping, byTransposing, type InputGradient } from '../src/autodiff/input-gradient.ts'
import { byMasks, byUnpooling } from '../src/autodiff/max-pool-gradient.ts'
import { type Builder, createBuilder } from '../src/onnx/builder.ts'
import { toBytes } from '../src/onnx/codec.ts'
import { Graph } from '../src/onnx/graph.ts'
import { elementCount, type Tensor, tensorOf } from '../src/onnx/tensor.ts'
import type { Real } from '../src/onnx/value.ts'
import { type Slide, windowCount } from '../src/onnx/windows.ts'
import { createRandom, deriveKey } from '../src/random.ts'
import { openSession, type Session } from '../src/runtime/session.ts'
import { formatTable } from './statistics.ts'

interface Layer {
  readonly name: string
  /** [batch, channels, …spatial] */
  readonly x: readonly number[]
  /** As many as the channels for a pool. */
  readonly filters: number
  readonly kernel: number
  readonly stride?: number
  readonly group?: number
}

const convolutions: readonly Layer[] = [
  { name: '28x28, 1 to 16', x: [32, 1, 28, 28], filters: 16, kernel: 3 },
  { name: '14x14, 16 to 32', x: [32, 16, 14, 14], filters: 32, kernel: 3 },
  { name: '28x28, 4 to 16', x: [32, 4, 28, 28], filters: 16, kernel: 3 },
  { name: '28x28, 8 to 16', x: [32, 8, 28, 28], filters: 16, kernel: 3 },
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
const pools: readonly Layer[] = [
  { name: '28x28, 16 channels', x: [32, 16, 28, 28], filters: 16, kernel: 2, stride: 2 },
  { name: '14x14, 32 channels', x: [32, 32, 14, 14], filters: 32, kernel: 2, stride: 2 },
  { name: '26x26, 32 channels', x: [32, 32, 26, 26], filters: 32, kernel: 2, stride: 2 },
  { name: '11x11, 64 channels, a rest', x: [32, 64, 11, 11], filters: 64, kernel: 2, stride: 2 },
  { name: '27x27, 16 channels, 3x3', x: [32, 16, 27, 27], filters: 16, kernel: 3, stride: 3 },
  { name: '56x56, 64 channels', x: [32, 64, 56, 56], filters: 64, kernel: 2, stride: 2 },
  { name: '480x680, 16 channels', x: [4, 16, 480, 680], filters: 16, kernel: 2, stride: 2 },
]

interface Values {
  readonly x: Real
  readonly dy: Real
  readonly w: Real
  readonly slides: readonly Slide[]
  readonly group: number
}
type Form = (op: Builder, values: Values) => Real

const filterForm =
  (form: (op: Builder, convolution: FilterGradient) => Real): Form =>
  (op, values) =>
    form(op, values)
const inputForm =
  (form: (op: Builder, convolution: InputGradient) => Real): Form =>
  (op, values) =>
    form(op, { ...values, lengths: values.x.shape.slice(2).map(Number) })
/** With the forward pool: the masks want no indices of it. */
const poolForm =
  (form: typeof byMasks): Form =>
  (op, { x, dy, slides }) => {
    const kernel = slides.map((slide) => slide.kernel)
    const [y, indices] = op.MaxPool(x, { kernel_shape: kernel, strides: kernel })
    return form(op, { x, y, indices, dy, slides })
  }

interface Part {
  readonly title: string
  readonly layers: readonly Layer[]
  readonly forms: Readonly<Record<string, Form>>
}
const parts: readonly Part[] = [
  {
    title: 'weight gradient',
    layers: convolutions,
    forms: { columns: filterForm(byColumns), places: filterForm(byPlaces), swapped: filterForm(bySwapping) },
  },
  {
    title: 'input gradient',
    layers: convolutions.filter(({ stride = 1 }) => stride === 1),
    forms: { transposed: inputForm(byTransposing), flipped: inputForm(byFlipping) },
  },
  {
    title: 'MaxPool and its gradient',
    layers: pools,
    forms: { unpooling: poolForm(byUnpooling), masks: poolForm(byMasks) },
  },
]

/** Pools have no pads, convolutions as many as keep the length with stride 1. */
function slidesOf({ kernel, stride = 1, x }: Layer, isPool: boolean): Slide[] {
  const pad = isPool ? 0 : Math.floor((kernel - 1) / 2)
  const after = isPool ? 0 : kernel - 1 - pad
  return x.slice(2).map(() => ({ kernel, stride, dilation: 1, before: pad, after }))
}

/** A form as a model of its own, and what to feed it. */
async function openForm(layer: Layer, form: Form, isPool: boolean) {
  const { kernel, group = 1, filters } = layer
  const [batch = 1, channels = 1, ...spatial] = layer.x
  const slides = slidesOf(layer, isPool)
  const out = [filters, ...spatial.map((length, i) => Number(windowCount(length, slides[i] as Slide)))]
  const weights = [filters, channels / group, ...spatial.map(() => kernel)]
  const graph = Graph.create('form')
  const op = createBuilder(graph)
  const x = graph.input('x', 'float32', ['batch', channels, ...spatial])
  const dy = graph.input('dy', 'float32', ['batch', ...out])
  const w = graph.input('w', 'float32', weights)
  graph.output(form(op, { x, dy, w, slides, group }))
  const feeds = { x: someNumbers(layer.x), dy: someNumbers([batch, ...out]), w: someNumbers(weights) }
  return { session: await openSession(toBytes(graph), { threads: 1 }), feeds }
}

function someNumbers(dims: readonly number[]): Tensor {
  const random = createRandom(deriveKey('spatial', ...dims))
  const values = Float32Array.from({ length: elementCount(dims) }, () => random.uniform() - 0.5)
  return tensorOf('float32', values, dims)
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

async function compare(layer: Layer, { forms, layers }: Part, rounds: number): Promise<string[]> {
  const opened = await Promise.all(Object.values(forms).map((form) => openForm(layer, form, layers === pools)))
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
  options: { rounds: { type: 'string', default: '9' }, only: { type: 'string', default: '' } },
})
for (const part of parts) {
  const rows = []
  for (const layer of part.layers.filter(({ name }) => `${part.title}: ${name}`.includes(options.only))) {
    rows.push(await compare(layer, part, Number(options.rounds)))
  }
  const [first = '', ...others] = Object.keys(part.forms)
  const head = [part.title, `${first} ms`, ...others.map((name) => `${name} to it`)]
  if (rows.length > 0) console.log(`${formatTable(head, rows)}\n`)
}
