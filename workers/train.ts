/**
 * A training process: does the trainings that its worker hands it. Heavy modules are loaded here, before the first one, and
 * tried once while there is none.
 */

import pino from 'pino'
import { loadConfig } from '../src/config.ts'
import { serveJobs } from '../src/jobs/sandbox-child.ts'
import { runTraining } from '../src/jobs/train.ts'
import { warmUp } from '../src/jobs/warm-up.ts'
import { openStore } from '../src/store/store.ts'

const config = loadConfig()
const log = pino({ name: 'training', level: config.logLevel })
const store = await openStore(config, log)
const firstJob = new AbortController()
serveJobs((training, context) => {
  firstJob.abort()
  return runTraining(training, { ...context, store, config, log })
})
await warmUp({ config, log, signal: firstJob.signal })
