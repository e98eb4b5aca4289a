/**
 * A peer is a program of its own, so that no peer's threads or memory are in another's way. It takes the task as its
 * argument and answers lines of JSON on standard output. First it says what it is: `{ label }`, or `{ absent }` with the
 * reason. Then it answers the lines that it reads: `build`, `epoch`, `round SECONDS`,
 * `steps COUNT`. peers/serve.py speaks the same.
 */
import { createInterface } from 'node:readline'
import type { Task } from '../task.ts'

export interface Trainer {
  /** Steps are trained in multiples of this: 1, or a whole epoch where the library wants that. */
  readonly unit: number
  /** Trains that many steps and gives the mean of their losses. */
  train(steps: number): Promise<number>
}

export interface Peer {
  /** Name and version, as the table prints it. */
  readonly label: string
  /** From the definition and the data in memory to a program that can train: what is timed as `build`. */
  build(): Promise<Trainer>
}

/** What some training took. */
export interface Round {
  readonly steps: number
  readonly seconds: number
  /** Mean loss of the steps. */
  readonly loss: number
}

/** A peer that would need more than this for its first epoch trains two steps of it. */
const patienceSeconds = 20

/** Runs a peer: `open` loads its library and makes the data, or throws where the library is not there. */
export async function servePeer(open: (task: Task) => Promise<Peer>): Promise<void> {
  const task = JSON.parse(process.argv[2] ?? '{}') as Task
  const say = (message: object) => process.stdout.write(`${JSON.stringify(message)}\n`)
  try {
    const peer = await open(task)
    say({ label: peer.label })
    await answer(peer, task, say)
  } catch (error) {
    say({ absent: error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error) })
  }
  process.exit(0)
}

async function answer(peer: Peer, { steps: epoch }: Task, say: (message: object) => void): Promise<void> {
  let trainer: Trainer | null = null
  let secondsPerStep = 0
  const train = async (steps: number): Promise<Round> => {
    const began = performance.now()
    const loss = (await trainer?.train(steps)) ?? Number.NaN
    const seconds = (performance.now() - began) / 1000
    secondsPerStep = seconds / steps
    return { steps, seconds, loss }
  }
  for await (const line of createInterface({ input: process.stdin })) {
    const [command, argument] = line.split(' ')
    if (command === 'build') {
      const began = performance.now()
      trainer = await peer.build()
      say({ seconds: (performance.now() - began) / 1000 })
    } else if (command === 'epoch') {
      const unit = trainer?.unit ?? 1
      const first = await train(unit)
      const trained = unit < epoch ? together(first, await train(unit)) : first // the first step may compile
      const rest = epoch - trained.steps
      const most = patienceSeconds / secondsPerStep
      say(rest > 0 && rest < most ? together(trained, await train(rest)) : trained)
    } else {
      const unit = trainer?.unit ?? 1
      const steps = command === 'steps' ? Number(argument) : Number(argument) / secondsPerStep
      say(await train(unit * Math.max(1, Math.round(steps / unit))))
    }
  }
}

function together(a: Round, b: Round): Round {
  const steps = a.steps + b.steps
  return { steps, seconds: a.seconds + b.seconds, loss: (a.loss * a.steps + b.loss * b.steps) / steps }
}
