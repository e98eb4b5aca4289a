/** The whole service as a process of its own, as `npm start` runs it: started, waited for, stopped with grace. */
import { spawn } from 'node:child_process'
import { createServer } from 'node:net'
import { join } from 'node:path'

export interface ServiceProcess {
  /** `http://127.0.0.1:3000` */
  readonly url: string
  /** Settles with the exit code when the service ends, whoever ended it. */
  readonly ended: Promise<number>
  /** Asks the service to end and waits until it has. */
  stop(): Promise<number>
}

export interface StartOptions {
  /** Variables laid over this process's own. */
  readonly environment?: Readonly<Record<string, string>>
  /** How long the service may take until it is ready; default 60 s. */
  readonly readyWithinMs?: number
  /** Where what the service prints goes; errors are always shown. Default: to this process's output. */
  readonly output?: 'inherit' | 'ignore'
}

const entry = join(import.meta.dirname, '../src/main.js')

/**
 * Starts `dist/src/main.js all` and waits for `/health/ready`. The service leads a process group of its own, so that
 * Ctrl-C in a terminal reaches only the caller, which then stops it once and in order.
 * @throws {Error} where the service ends or is not ready in time
 */
export async function startService({
  environment = {},
  readyWithinMs = 60_000,
  output = 'inherit',
}: StartOptions = {}): Promise<ServiceProcess> {
  const settings = { ...process.env, ...environment }
  const host = settings.HOST || '127.0.0.1'
  const url = `http://${host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host}:${settings.PORT || 3000}`
  const child = spawn(process.execPath, [entry, 'all'], {
    env: settings,
    stdio: ['ignore', output, 'inherit'],
    detached: true,
  })
  const ended = new Promise<number>((resolve, reject) => {
    child.once('exit', (code, signal) => resolve(code ?? (signal === 'SIGTERM' ? 0 : 1)))
    child.once('error', reject)
  })
  const stop = () => {
    child.kill('SIGTERM')
    return ended
  }
  const deadline = Date.now() + readyWithinMs
  let running = true
  ended.then(
    () => {
      running = false
    },
    () => {
      running = false
    },
  )
  while (!(await isReady(url))) {
    if (!running) throw new Error(`the service ended with code ${await ended} before it was ready`)
    if (Date.now() > deadline) {
      await stop()
      throw new Error(`the service was not ready after ${readyWithinMs / 1000} s`)
    }
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  return { url, ended, stop }
}

async function isReady(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/health/ready`)).ok
  } catch {
    return false // nobody listens there yet
  }
}

/** A port that nobody listens on at the moment. */
export async function freePort(host = '127.0.0.1'): Promise<number> {
  const server = await listen(0, host)
  const port = (server.address() as { port: number }).port // an address of TCP, since a port was asked for
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Whether a port can be listened on. */
export async function isFree(port: number, host = '127.0.0.1'): Promise<boolean> {
  try {
    const server = await listen(port, host)
    await new Promise((resolve) => server.close(resolve))
    return true
  } catch {
    return false // EADDRINUSE or EACCES: not for us
  }
}

function listen(port: number, host: string) {
  return new Promise<ReturnType<typeof createServer>>((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(port, host, () => resolve(server))
  })
}
