/** How a step of the engine grows: with the batch, the width of the layers, the length of sequences, and the steps of one native run. */
import { openOnnx } from '../src/training/engine.ts'
import { rowsOf } from './data.ts'
import { fitSettings, startState } from './network.ts'
import { digits, formatTable, type Spread, spreadOf } from './statistics.ts'
import { taskOf } from './task.ts'
import { duration } from './training.ts'
import { workloads } from './workloads/index.ts'
import type { Workload } from './workloads/workload.ts'

interface Point {
  readonly value: number
  readonly workload: Workload
  /** Of one native run; as many as fill `roundMs` where it is left out. */
  readonly stepsPerRun?: number
}

interface Series {
  readonly title: string
  readonly of: string
  readonly points: readonly Point[]
}

const batches = (workload: Workload, sizes: readonly number[]): Point[] =>
  sizes.map((batch) => ({ value: batch, workload: { ...workload, batch } }))

const withUnits = (workload: Workload, units: number): Workload => ({
  ...workload,
  layers: workload.layers.map((layer) => (layer.units === 64 ? { ...layer, units } : layer)),
})

const withLength = (workload: Workload, length: number): Workload => ({
  ...workload,
  layers: workload.layers.map((layer) => (layer.type === 'Input' ? { ...layer, shape: [length] } : layer)),
})

const { cnn, bilstm, 'mlp-32-adam': mlp } = workloads
const series: readonly Series[] = [
  { title: 'MLP 784-64-64-10, Adam', of: 'batch', points: batches(mlp, [1, 8, 32, 128, 512]) },
  { title: 'CNN 28x28, Adam', of: 'batch', points: batches(cnn, [1, 8, 32, 128]) },
  { title: 'BiLSTM, Adam', of: 'batch', points: batches(bilstm, [1, 8, 32, 128]) },
  {
    title: 'MLP 784-n-n-10, batch 32, Adam',
    of: 'width n',
    points: [16, 64, 256, 1024].map((units) => ({ value: units, workload: withUnits(mlp, units) })),
  },
  {
    title: 'BiLSTM, batch 32, Adam',
    of: 'words',
    points: [25, 50, 100, 200].map((length) => ({ value: length, workload: withLength(bilstm, length) })),
  },
  {
    title: 'MLP 784-64-64-10, batch 32, Adam',
    of: 'steps of a native run',
    points: [1, 2, 4, 16, 64, 250].map((stepsPerRun) => ({ value: stepsPerRun, workload: mlp, stepsPerRun })),
  },
]

export interface Growth {
  readonly title: string
  readonly of: string
  readonly threads: number
  readonly points: readonly { readonly value: number; readonly batch: number; readonly microseconds: Spread }[]
}

/** Time of a point's round. */
const roundMs = 150
const rowsInMemory = 2048

/** Every series; the points of one take turns. */
export async function measureGrowth(
  threads: number,
  rounds: number,
  print: (growth: Growth) => void,
): Promise<Growth[]> {
  const all: Growth[] = []
  for (const { title, of, points } of series) {
    const opened = []
    for (const point of points) opened.push({ point, measured: [] as number[], ...(await openPoint(point, threads)) })
    for (let round = 0; round < rounds; round++) {
      for (const { measured, timeRound } of opened) measured.push(await timeRound())
    }
    for (const { close } of opened) await close()
    const growth = {
      title,
      of,
      threads,
      points: opened.map(({ point: { value, workload }, measured }) => {
        return { value, batch: workload.batch, microseconds: spreadOf(measured) }
      }),
    }
    print(growth)
    all.push(growth)
  }
  return all
}

/** A session for a point, warm; `timeRound` gives the microseconds of a step. */
async function openPoint({ workload, stepsPerRun }: Point, threads: number) {
  const { batch } = workload
  const task = taskOf({ ...workload, steps: Math.max(1, Math.floor(rowsInMemory / batch)) }, threads)
  const { trainer, close } = await openOnnx(fitSettings(task, rowsOf(task)), startState(task))
  let step = 0
  const run = async (steps: number) => {
    const order = Int32Array.from({ length: steps * batch }, (_, i) => i % task.rows)
    const began = performance.now()
    await trainer.run(order, batch, step)
    step += steps
    return performance.now() - began
  }
  await run(stepsPerRun ?? 4)
  const guess = (await run(stepsPerRun ?? 4)) / (stepsPerRun ?? 4)
  const steps = stepsPerRun ?? Math.max(2, Math.min(1000, Math.round(roundMs / guess)))
  const runs = Math.max(1, Math.round(roundMs / guess / steps))
  const timeRound = async () => {
    let milliseconds = 0
    for (let i = 0; i < runs; i++) milliseconds += await run(steps)
    return (1000 * milliseconds) / (runs * steps)
  }
  return { timeRound, close }
}

/** The table of one series. */
export function formatGrowth({ title, of, threads, points }: Growth): string {
  const first = points[0]
  const rows = points.map(({ value, batch, microseconds: { median, min, max } }) => [
    String(value),
    duration(median),
    `${duration(min)} to ${duration(max)}`,
    digits(median / batch),
    first ? (median / first.microseconds.median).toFixed(2) : '',
  ])
  const head = [of, 'a step', 'spread', 'µs a sample', 'to the first']
  return `### ${title}, by ${of} (${threads} thread${threads > 1 ? 's' : ''})\n\n${formatTable(head, rows)}`
}
