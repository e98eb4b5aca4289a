/** A peer's process, seen from the benchmark: started with a task, asked for one thing at a time. */
import { spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import type { PeerProgram } from './peers/index.ts'
import type { Round } from './peers/serve.ts'
import type { Task } from './task.ts'

export interface PeerProcess {
  readonly label: string
  /** From the definition to a program that can train, as far as the library does that before its first step: seconds. */
  build(): Promise<number>
  /** The first epoch, or one step of it where the peer is very slow. */
  epoch(): Promise<Round>
  /** Trains for about so many seconds. */
  round(seconds: number): Promise<Round>
  /** Trains so many steps, at least. */
  steps(count: number): Promise<Round>
  /** The most memory that the process has had resident, in MB; NaN where the system does not tell. */
  peakMegabytes(): Promise<number>
  close(): Promise<void>
}

/** A peer that has not answered by then is ended. */
const patienceMs = 180_000

export type StartedPeer = { readonly absent: string } | PeerProcess

/** Starts a peer. A peer whose library is not there says so, which is no error. */
export async function startPeer({ command, extra = [] }: PeerProgram, task: Task): Promise<StartedPeer> {
  const [file, ...args] = [...command, JSON.stringify(task), ...extra] as [string, ...string[]]
  const child = spawn(file, args, { stdio: ['pipe', 'pipe', 'pipe'], env: environment(task.threads) })
  let complaints = ''
  child.stderr.on('data', (text: Buffer) => {
    complaints = (complaints + text).slice(-4000)
  })
  child.stdin.on('error', () => {}) // a peer that has ended tells so by giving no answer
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => resolve())
    child.once('error', (error) => {
      complaints += error.message
      resolve()
    })
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const answer = async (): Promise<Record<string, unknown> | null> => {
    for (;;) {
      const { value, done } = await lines.next()
      if (done) return null
      if (value.startsWith('{')) return JSON.parse(value) as Record<string, unknown>
    }
  }
  const first = await answer()
  if (!first) await ended
  if (typeof first?.label !== 'string') return { absent: String(first?.absent ?? reasonIn(complaints)) }
  const ask = async (line: string) => {
    child.stdin.write(`${line}\n`)
    const timeout = setTimeout(() => {
      complaints = `Error: no answer to ${line} within ${patienceMs / 1000} s`
      child.kill('SIGKILL')
    }, patienceMs)
    const answered = await answer()
    clearTimeout(timeout)
    if (answered && !('absent' in answered)) return answered
    if (!answered) await ended
    throw new Error(String(answered?.absent ?? reasonIn(complaints)))
  }
  return {
    label: first.label,
    build: async () => Number((await ask('build')).seconds),
    epoch: async () => (await ask('epoch')) as unknown as Round, // the protocol of peers/serve.ts
    round: async (seconds) => (await ask(`round ${seconds}`)) as unknown as Round,
    steps: async (count) => (await ask(`steps ${count}`)) as unknown as Round,
    peakMegabytes: () => peakOf(child.pid),
    close: async () => {
      child.stdin.end()
      await ended
    },
  }
}

/** The line that says what was wrong: the last that names an error, else the last. */
const reasonIn = (text: string) => {
  const lines = text.trim().split('\n')
  return lines.findLast((line) => line.includes('Error')) ?? lines.at(-1) ?? ''
}

async function peakOf(pid: number | undefined): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? Number.NaN) / 1000
}

/** The same number of threads for every library, whichever variable it reads; and no settings of somebody's own BLAS. */
function environment(threads: number): NodeJS.ProcessEnv {
  const count = String(threads)
  const { OPENBLAS_CORETYPE: _, OPENBLAS_L2_SIZE: __, ...own } = process.env
  return {
    ...own,
    OMP_NUM_THREADS: count,
    MKL_NUM_THREADS: count,
    TF_NUM_INTRAOP_THREADS: count,
    TF_NUM_INTEROP_THREADS: '1',
    TF_CPP_MIN_LOG_LEVEL: '2',
    PYTHONDONTWRITEBYTECODE: '1',
  }
}
