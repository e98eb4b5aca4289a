/** The training processes of a worker: warm before the first job comes, kept between jobs, replaced after a crash. */

import type { Outcome } from './outcome.ts'
import { type JobContext, type JobProcess, startProcess } from './sandbox-process.ts'

export interface SandboxOptions {
  /** The program of a training process; it calls `serveJobs`. */
  readonly file: string
  /** How many processes are kept warm: as many as jobs run at once. */
  readonly size: number
  /** Options for Node in those processes. */
  readonly execArgv?: readonly string[]
}

export interface Sandbox {
  /**
   * Does a job in a process of its own: whatever happens to that process, this one lives on.
   * @throws {ProcessCrash} when the process ends before the job does
   * @throws {Error} with the message of an error that the job threw
   */
  run(training: string, context: JobContext): Promise<Outcome>
  /** Ends all processes at once, those at work too. */
  close(): Promise<void>
}

/** Starts the processes and returns at once: they warm up while the worker connects to its queue. */
export function openSandbox({ file, size, execArgv }: SandboxOptions): Sandbox {
  const all = new Set<JobProcess>()
  const idle: JobProcess[] = []
  const start = () => {
    const started = startProcess(file, execArgv)
    all.add(started)
    return started
  }
  for (let i = 0; i < size; i++) idle.push(start())
  let closed = false

  return {
    async run(training, context) {
      const taken = takeAlive(idle, all) ?? start()
      try {
        return await taken.run(training, context)
      } finally {
        if (taken.alive) idle.push(taken)
        else {
          all.delete(taken)
          // The next job must not wait for a process to start, but a program that cannot start is not tried in a loop.
          if (!closed && idle.length === 0 && taken.started) idle.push(start())
        }
      }
    },
    async close() {
      closed = true
      await Promise.all([...all].map((one) => one.kill()))
    },
  }
}

function takeAlive(idle: JobProcess[], all: Set<JobProcess>): JobProcess | undefined {
  for (let taken = idle.pop(); taken !== undefined; taken = idle.pop()) {
    if (taken.alive) return taken
    all.delete(taken)
  }
  return undefined
}
