/** One training process, seen from its worker: a child that does one job after another until it ends or is ended. */

import { type ChildProcess, fork } from 'node:child_process'
import type { Outcome } from './outcome.ts'
import type { FromProcess, ToProcess } from './sandbox-messages.ts'

/** The process ended by itself: a fault in native code, too little memory, or an exit that nobody asked for. */
export class ProcessCrash extends Error {
  override readonly name = 'ProcessCrash'
}

export interface JobContext {
  readonly signal: AbortSignal
  /** Told as soon as the process has claimed the training. */
  readonly onAttempt: (attempt: number) => void
}

export interface JobProcess {
  readonly pid: number
  /** It can take a job now, or as soon as it is warm. */
  readonly alive: boolean
  /** It has been warm: the program as such works. */
  readonly started: boolean
  /**
   * Does one job; one at a time.
   * @throws {ProcessCrash} when the process ends before the job does
   * @throws {Error} with the message of an error that the job threw
   */
  run(training: string, context: JobContext): Promise<Outcome>
  kill(): Promise<void>
}

const STDERR_TAIL_CHARACTERS = 4000

/**
 * Starts a process; it is warm (its modules loaded) when it has said `ready`.
 * @param file the program, which calls `serveJobs`
 */
export function startProcess(file: string, execArgv: readonly string[] = []): JobProcess {
  const child = fork(file, [], { execArgv: [...execArgv], stdio: ['ignore', 'inherit', 'pipe', 'ipc'] })
  const stderr = keepTail(child)
  const ended = new Promise<ProcessCrash>((resolve) => {
    child.once('error', (error) => resolve(new ProcessCrash(`could not be started: ${error.message}`)))
    // `close` comes after the last of stderr, which holds the reason.
    child.once('close', (code, signal) => resolve(new ProcessCrash(describeExit(code, signal, stderr()))))
  })
  let started = false
  const ready = answer(child, ended, (message) => {
    started ||= message.type === 'ready'
    return started ? { value: undefined } : null
  })
  // Whoever runs a job hears of it; a process that nobody uses may fail in silence.
  ready.catch(() => undefined)
  return {
    pid: child.pid ?? 0,
    get alive() {
      return child.connected && child.exitCode === null && child.signalCode === null
    },
    get started() {
      return started
    },
    async run(training, context) {
      await ready
      return runJob(child, ended, training, context)
    },
    async kill() {
      child.kill('SIGKILL')
      await ended
    },
  }
}

async function runJob(
  child: ChildProcess,
  ended: Promise<ProcessCrash>,
  training: string,
  { signal, onAttempt }: JobContext,
): Promise<Outcome> {
  const abort = () => tell(child, { type: 'abort', reason: String(signal.reason) })
  const outcome = answer(child, ended, (message) => {
    if (message.type === 'attempt') onAttempt(message.attempt)
    if (message.type === 'failed') throw new Error(message.message)
    return message.type === 'done' ? { value: message.outcome } : null
  })
  tell(child, { type: 'start', training })
  if (signal.aborted) abort()
  signal.addEventListener('abort', abort, { once: true })
  try {
    return await outcome
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

/** A message that cannot be sent meets a process that has ended, and its end is what the job is told of. */
function tell(child: ChildProcess, message: ToProcess): void {
  if (child.connected) child.send(message, () => undefined)
}

/** Waits for the message that `pick` finds a value in; an end of the process or a throw of `pick` rejects. */
function answer<T>(
  child: ChildProcess,
  ended: Promise<ProcessCrash>,
  pick: (message: FromProcess) => { value: T } | null,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const settle = (outcome: () => void) => {
      child.off('message', listener)
      outcome()
    }
    // Only `serveJobs` speaks at the other end of the channel.
    const listener = (message: unknown) => {
      try {
        const picked = pick(message as FromProcess)
        if (picked !== null) settle(() => resolve(picked.value))
      } catch (error) {
        settle(() => reject(error))
      }
    }
    child.on('message', listener)
    ended.then((crash) => settle(() => reject(crash)))
  })
}

function keepTail(child: ChildProcess): () => string {
  let tail = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    process.stderr.write(chunk)
    tail = (tail + chunk.toString()).slice(-STDERR_TAIL_CHARACTERS)
  })
  return () => tail
}

const likelyCauses: Partial<Record<NodeJS.Signals, string>> = {
  SIGKILL: 'killed from outside, most often since the machine ran out of memory',
  SIGSEGV: 'a fault in native code',
  SIGBUS: 'a fault in native code',
  SIGILL: 'a processor instruction that this machine lacks',
  SIGFPE: 'a fault in native code',
  SIGABRT: 'native code gave up',
}

/** The end of a process in one line: signal or exit code, the likely cause, and the error it printed last. */
export function describeExit(code: number | null, signal: NodeJS.Signals | null, stderr: string): string {
  const how = signal === null ? `exit code ${code}` : `signal ${signal}`
  const cause = signal === null ? undefined : likelyCauses[signal]
  const printed = stderr
    .split('\n')
    .findLast((line) => /FATAL ERROR|[Ee]rror:|terminate called/.test(line))
    ?.trim()
  return [`${how}${cause === undefined ? '' : ` (${cause})`}`, printed].filter((part) => part !== undefined).join(': ')
}
