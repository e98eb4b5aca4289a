/** Where the time of a step goes: ONNX Runtime's own profile of the training program, summed by operator. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { channelBlock } from '../src/runtime/channel-block.ts'
import { openSession } from '../src/runtime/session.ts'
import { programOutputs } from '../src/training/learned-outputs.ts'
import { buildTrainingProgram } from '../src/training/program.ts'
import { createTrainer } from '../src/training/trainer.ts'
import { rowsOf } from './data.ts'
import { fitSettings, startState } from './network.ts'
import { formatTable } from './statistics.ts'
import type { Task } from './task.ts'

export interface OperatorTime {
  readonly operator: string
  readonly nodesPerStep: number
  readonly microsecondsPerStep: number
}

interface ProfileEvent {
  readonly cat: string
  readonly name: string
  readonly dur: number
  readonly args?: { readonly op_name?: string }
}

export interface Profile {
  readonly title: string
  readonly threads: number
  readonly times: readonly OperatorTime[]
}

/** Profiles one run of an epoch; the profile itself slows every node a little, so read the shares. */
export async function profileStep(title: string, task: Task): Promise<Profile> {
  const folder = await mkdtemp(join(tmpdir(), 'fitserve-profile-'))
  try {
    await runProfiled(task, join(folder, 'step'))
    const [file] = await readdir(folder)
    const events = JSON.parse(await readFile(join(folder, file ?? ''), 'utf8')) as ProfileEvent[]
    return { title, threads: task.threads, times: sumByOperator(events, task.steps) }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function runProfiled(task: Task, profilePrefix: string): Promise<void> {
  const settings = fitSettings(task, rowsOf(task))
  const { model, optimizer, train: data, seed, providers } = settings
  const block = await channelBlock()
  const program = buildTrainingProgram({
    model,
    optimizer,
    ...programOutputs(settings),
    blocks: block === null ? null : { block, batch: task.batch },
    largestBatch: task.batch,
    withPredictions: false,
  })
  const session = await openSession(program.bytes, { providers, threads: task.threads, profilePrefix })
  const trainer = createTrainer(session, { program, optimizer, data, seed, initial: startState(task) })
  const order = Int32Array.from({ length: task.rows }, (_, i) => i)
  await trainer.run(order, task.batch, 0)
  session.endProfiling()
  await session.close()
}

function sumByOperator(events: readonly ProfileEvent[], steps: number): OperatorTime[] {
  const sums = new Map<string, { count: number; microseconds: number }>()
  for (const { cat, name, dur, args } of events) {
    const operator = args?.op_name
    // the Scan's own time is the time of all that runs in it
    if (cat !== 'Node' || !operator || operator === 'Scan' || !name.endsWith('_kernel_time')) continue
    const sum = sums.get(operator) ?? { count: 0, microseconds: 0 }
    sums.set(operator, { count: sum.count + 1, microseconds: sum.microseconds + dur })
  }
  return [...sums]
    .map(([operator, { count, microseconds }]) => ({
      operator,
      nodesPerStep: count / steps,
      microsecondsPerStep: microseconds / steps,
    }))
    .sort((a, b) => b.microsecondsPerStep - a.microsecondsPerStep)
}

/** The operators that matter, with their share of the sum. */
export function formatProfile({ title, threads, times }: Profile): string {
  const total = times.reduce((sum, { microsecondsPerStep }) => sum + microsecondsPerStep, 0)
  const rows = times
    .filter(({ microsecondsPerStep }) => microsecondsPerStep > 0.005 * total)
    .map(({ operator, nodesPerStep, microsecondsPerStep }) => [
      operator,
      nodesPerStep.toFixed(nodesPerStep < 0.95 ? 2 : 0),
      microsecondsPerStep.toFixed(1),
      `${((100 * microsecondsPerStep) / total).toFixed(0)} %`,
    ])
  const heading = `### Where a step goes: ${title} (${threads} thread${threads > 1 ? 's' : ''})`
  return `${heading}\n\n${formatTable(['operator', 'nodes/step', 'µs/step', 'share'], [...rows, ['all', '', total.toFixed(1), '100 %']])}`
}
