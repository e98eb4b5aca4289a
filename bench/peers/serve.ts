/**
 * A peer is a program of its own, so that no peer's threads or memory are in another's way. It takes the task as its
 * argument, says on standard output what it is, and then trains one round for every line it reads.
 */
import { createInterface } from 'node:readline'
import type { Round, Task } from '../task.ts'

export interface Trainer {
  /** Name and version, as the table prints it. */
  readonly label: string
  /** Trains some steps (an epoch, or one step where the library steps one by one). */
  train(): Promise<{ steps: number; loss: number }>
}

/** Runs a peer: `open` makes the trainer, or throws where its library is not there. */
export async function servePeer(open: (task: Task) => Promise<Trainer>): Promise<void> {
  const task = JSON.parse(process.argv[2] ?? '{}') as Task
  const say = (message: object) => process.stdout.write(`${JSON.stringify(message)}\n`)
  let trainer: Trainer
  try {
    trainer = await open(task)
  } catch (error) {
    say({ absent: error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error) })
    process.exit(0)
  }
  say({ label: trainer.label })
  for await (const _line of createInterface({ input: process.stdin })) say(await trainRound(trainer, task))
  process.exit(0)
}

async function trainRound(trainer: Trainer, { roundSeconds }: Task): Promise<Round> {
  const began = performance.now()
  let steps = 0
  for (;;) {
    const trained = await trainer.train()
    steps += trained.steps
    const seconds = (performance.now() - began) / 1000
    if (seconds >= roundSeconds && (steps >= 20 || trained.steps > 1)) return { steps, seconds, loss: trained.loss }
  }
}
