/** The other end of the sandbox: what a training process does with the messages of its worker. */

import { writeFileSync } from 'node:fs'
import type { Outcome } from './outcome.ts'
import type { FromProcess, ToProcess } from './sandbox-messages.ts'

/** What a job may use beside its id. */
export interface ChildJobContext {
  /** Aborted with the reason that the worker gave: `cancel`, `shutdown` or `lost`. */
  readonly signal: AbortSignal
  readonly onAttempt: (attempt: number) => void
}

/**
 * Says `ready` and does the jobs that come, one at a time. The process ends with its worker, however that one ends.
 * @param run does one training; what it throws is told to the worker, which tries the job again
 */
export function serveJobs(run: (training: string, context: ChildJobContext) => Promise<Outcome>): void {
  endWithWorker()
  dieFirst()
  let controller = new AbortController()
  const handlers: { [Type in ToProcess['type']]: (message: Extract<ToProcess, { type: Type }>) => void } = {
    start({ training }) {
      controller = new AbortController()
      const context = { signal: controller.signal, onAttempt: (attempt: number) => tell({ type: 'attempt', attempt }) }
      run(training, context).then(
        (outcome) => tell({ type: 'done', outcome }),
        (error: unknown) => tell({ type: 'failed', message: error instanceof Error ? error.message : String(error) }),
      )
    },
    abort({ reason }) {
      controller.abort(reason)
    },
  }
  // Only the worker that started this process speaks at the other end of the channel.
  process.on('message', (message: ToProcess) => handlers[message.type](message as never))
  tell({ type: 'ready' })
}

function tell(message: FromProcess): void {
  process.send?.(message)
}

/** The worker decides when work stops: Ctrl-C and a service manager's SIGTERM reach every process of a group at once. */
function endWithWorker(): void {
  process.on('SIGINT', () => undefined)
  process.on('SIGTERM', () => undefined)
  process.on('disconnect', () => process.exit())
}

/** Where memory runs out, Linux ends the process with the highest score: the training, not its worker or the database. */
function dieFirst(): void {
  if (process.platform !== 'linux') return
  try {
    writeFileSync('/proc/self/oom_score_adj', '500')
  } catch (error) {
    // A container may forbid it; the training then runs as well as without.
    process.emitWarning(`oom_score_adj was not set: ${String(error)}`)
  }
}
