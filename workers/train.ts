/** A training process: does the trainings that its worker hands it. Heavy modules are loaded here, before the first one. */

import pino from 'pino'
import { loadConfig } from '../src/config.ts'
import { serveJobs } from '../src/jobs/sandbox-child.ts'
import { runTraining } from '../src/jobs/train.ts'
import { openStore } from '../src/store/store.ts'

const config = loadConfig()
const log = pino({ name: 'training', level: config.logLevel })
const store = await openStore(config, log)
serveJobs((training, context) => runTraining(training, { ...context, store, config, log }))
