/** A peer's process, seen from the benchmark: started with a task, asked for one round at a time. */
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Peer } from './peers/index.ts'
import type { Round, Task } from './task.ts'

export type StartedPeer =
  | { readonly absent: string }
  | { readonly label: string; round(): Promise<Round>; close(): Promise<void> }

/** Starts a peer. A peer whose library is not there says so, which is no error. */
export async function startPeer({ command, extra = [] }: Peer, task: Task): Promise<StartedPeer> {
  const [file, ...args] = [...command, JSON.stringify(task), ...extra] as [string, ...string[]]
  const child = spawn(file, args, { stdio: ['pipe', 'pipe', 'pipe'], env: threadLimits(task.threads) })
  let complaints = ''
  child.stderr.on('data', (text: Buffer) => {
    complaints = (complaints + text).slice(-2000)
  })
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
  return {
    label: first.label,
    round: async () => {
      child.stdin.write('round\n')
      const round = await answer()
      if (!round) throw new Error(`${file} ${args[0]} ended: ${reasonIn(complaints)}`)
      return round as unknown as Round // the protocol of peers/serve.ts
    },
    close: async () => {
      child.stdin.end()
      await ended
    },
  }
}

/** The line that says what was wrong: the first that names an error, else the last. */
const reasonIn = (text: string) => {
  const lines = text.trim().split('\n')
  return lines.find((line) => line.includes('Error')) ?? lines.at(-1) ?? ''
}

/** The same number of threads for every library, whichever variable it reads. */
function threadLimits(threads: number): NodeJS.ProcessEnv {
  const count = String(threads)
  return {
    ...process.env,
    OMP_NUM_THREADS: count,
    MKL_NUM_THREADS: count,
    TF_NUM_INTRAOP_THREADS: count,
    TF_NUM_INTEROP_THREADS: '1',
    TF_CPP_MIN_LOG_LEVEL: '2',
  }
}
