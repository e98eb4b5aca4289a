/** Where the time of a step goes: ONNX Runtime's own profile of the training program, summed by operator. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { lossOf } from '../src/nn/losses/index.ts'
import { openSession } from '../src/runtime/session.ts'
import { startOf } from '../src/training/fit.ts'
import { targetForm } from '../src/training/model-graph.ts'
import { buildTrainingProgram } from '../src/training/program.ts'
import { createTrainer } from '../src/training/trainer.ts'
import { fitSettings } from './network.ts'
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

const steps = 256

/** Profiles a run of 256 steps; the profile itself slows every node a little, so read the shares. */
export async function profileStep(task: Task): Promise<OperatorTime[]> {
  const folder = await mkdtemp(join(tmpdir(), 'fitserve-profile-'))
  try {
    await runProfiled(task, join(folder, 'step'))
    const [file] = await readdir(folder)
    const events = JSON.parse(await readFile(join(folder, file ?? ''), 'utf8')) as ProfileEvent[]
    return sumByOperator(events)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function runProfiled(task: Task, profilePrefix: string): Promise<void> {
  const { model, loss, optimizer, train: data, seed, providers } = fitSettings(task)
  const target = targetForm(lossOf(loss).targetKind, model.outputs[0]?.shape ?? [])
  const program = buildTrainingProgram({ model, loss, optimizer, target, withPredictions: false })
  const session = await openSession(program.bytes, { providers, threads: task.threads, profilePrefix })
  const trainer = createTrainer(session, { program, optimizer, data, seed, initial: startOf(model, seed) })
  const order = Int32Array.from({ length: steps * task.batch }, (_, i) => (i * 31) % task.samples)
  await trainer.run(order, task.batch, 0)
  session.endProfiling()
  await session.close()
}

function sumByOperator(events: readonly ProfileEvent[]): OperatorTime[] {
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
export function formatProfile(times: readonly OperatorTime[]): string {
  const total = times.reduce((sum, { microsecondsPerStep }) => sum + microsecondsPerStep, 0)
  const rows = times
    .filter(({ microsecondsPerStep }) => microsecondsPerStep > 0.005 * total)
    .map(({ operator, nodesPerStep, microsecondsPerStep }) => [
      operator,
      nodesPerStep.toFixed(nodesPerStep < 0.95 ? 2 : 0),
      microsecondsPerStep.toFixed(1),
      `${((100 * microsecondsPerStep) / total).toFixed(0)} %`,
    ])
  return formatTable(['operator', 'nodes/step', 'µs/step', 'share'], [...rows, ['all', '', total.toFixed(1), '100 %']])
}
