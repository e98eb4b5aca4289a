/** The entry point of the service: `all` (service and worker with embedded defaults) or `api` (the service alone). */
import { pino } from 'pino'
import { openEventHub } from './api/training-events.ts'
import { buildApp } from './app.ts'
import { type Config, ConfigError, loadConfig } from './config.ts'
import { openQueue } from './queue/training-queue.ts'
import { startWorkerProcess } from './queue/worker-process.ts'
import { openModels } from './serving/models.ts'
import { openStore } from './store/store.ts'

const modes = ['all', 'api'] as const
type Mode = (typeof modes)[number]

type Closer = () => Promise<unknown>

/** Closes in the reverse order of opening, each part once, whatever the parts before did. */
function openClosers(log: pino.Logger) {
  const closers: { name: string; close: Closer }[] = []
  return {
    add: (name: string, close: Closer) => closers.unshift({ name, close }),
    async closeAll() {
      for (const { name, close } of closers.splice(0)) {
        await close().catch((error: unknown) => log.error({ err: error }, `closing ${name} failed`))
      }
    },
  }
}

type Closers = ReturnType<typeof openClosers>

/** Opens the parts, listens, and answers the address. */
async function serve(mode: Mode, config: Config, log: pino.Logger, closers: Closers): Promise<string> {
  const store = await openStore(config, log)
  closers.add('the store', () => store.close())
  const queue = await openQueue(config, store.database, log)
  closers.add('the queue', () => queue.close())
  const models = await openModels(store, config)
  closers.add('the models', () => models.close())
  if (mode === 'all') {
    const worker = startWorkerProcess(config, store.database.url, log)
    closers.add('the worker', () => worker.stop())
  }
  const hub = await openEventHub(store.trainings)
  closers.add('the streams of events', () => hub.close())
  const app = await buildApp({ config, store, queue, models, hub, log })
  closers.add('the server', () => app.close())
  return app.listen({ host: config.host, port: config.port })
}

/** Ends the process with one line that says what to do. */
function refuse(line: string): never {
  process.stderr.write(`fitserve: ${line}\n`)
  process.exit(1)
}

function readMode(argument: string | undefined): Mode {
  const mode = modes.find((known) => known === (argument ?? 'all'))
  return mode ?? refuse(`expected the mode ${modes.join(' or ')}, received ${JSON.stringify(argument)}`)
}

function readConfig(mode: Mode): Config {
  let config: Config
  try {
    config = loadConfig()
  } catch (error) {
    if (error instanceof ConfigError) refuse(error.message)
    throw error
  }
  if (mode === 'api' && config.databaseUrl === undefined) {
    refuse('DATABASE_URL is not set: `npm run api` needs a PostgreSQL to connect to; `npm start` brings its own')
  }
  return config
}

/** `npm` passes Ctrl-C on to a process that the terminal has told already: the second of a pair means nothing. */
const pairOfSignalsMs = 2000

/** Stops with grace on the first signal, whatever has been opened by then; a later one does not wait any more. */
function stopOnSignals(started: Promise<unknown>, closers: Closers, log: pino.Logger): void {
  let stoppingSince: number | null = null
  const stop = async (signal: NodeJS.Signals) => {
    if (stoppingSince !== null) {
      if (performance.now() - stoppingSince > pairOfSignalsMs) process.exit(1)
      return
    }
    stoppingSince = performance.now()
    log.info({ signal }, 'stopping: requests in flight are answered, a training goes back to the queue')
    await started.catch(() => undefined) // a failed start says so itself
    await closers.closeAll()
    process.exit(0)
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, (name) => void stop(name))
}

async function main(): Promise<void> {
  const mode = readMode(process.argv[2])
  const config = readConfig(mode)
  const log = pino({ level: config.logLevel, base: null })
  const closers = openClosers(log)
  const started = serve(mode, config, log, closers)
  stopOnSignals(started, closers, log)
  try {
    const address = await started
    process.stdout.write(`fitserve is ready\n  API   ${address}/v1\n  Docs  ${address}/docs\n`)
  } catch (error) {
    await closers.closeAll()
    log.debug({ err: error }, 'start failed')
    refuse(error instanceof Error ? error.message : String(error))
  }
}

await main()
