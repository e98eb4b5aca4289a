/** The HTTP application: routes over services that are already open. No I/O of its own, no environment. */
import type { Socket } from 'node:net'
import multipart from '@fastify/multipart'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify'
import { ProblemBody, WarningBody } from './api/common.ts'
import { Dataset } from './api/dataset-body.ts'
import { datasetRoutes } from './api/datasets.ts'
import { healthRoutes } from './api/health.ts'
import { buildMetrics, measureRequests } from './api/metrics.ts'
import { Model } from './api/model-body.ts'
import { modelRoutes } from './api/models.ts'
import { describeApi } from './api/openapi.ts'
import { Prediction, predictionRoutes } from './api/predictions.ts'
import { answerError, answerProblems } from './api/problem.ts'
import { Training } from './api/training-body.ts'
import type { EventHub } from './api/training-events.ts'
import { trainingRecordRoutes } from './api/training-records.ts'
import { trainingRoutes } from './api/trainings.ts'
import { buildValidatorCompiler, readJsonBodies } from './api/validation.ts'
import { Version, versionRoutes } from './api/versions.ts'
import type { Config } from './config.ts'
import type { TrainingQueue } from './queue/training-queue.ts'
import type { Models } from './serving/models.ts'
import type { Store } from './store/store.ts'

/** Added here and not by the routes: Fastify gives a plugin that adds schemas a validator of its own. */
const namedSchemas = [ProblemBody, WarningBody, Dataset, Model, Training, Version, Prediction]

/** What the routes work with. */
export interface Services {
  readonly config: Pick<Config, 'bodyLimitBytes' | 'uploadLimitBytes'>
  readonly store: Store
  readonly queue: TrainingQueue
  readonly models: Models
  /** News of trainings, for their streams of events. */
  readonly hub: EventHub
  readonly log: FastifyBaseLogger
  /** How often a silent stream of events says that it lives. */
  readonly heartbeatMs?: number
}

/** The application, ready to listen. `close()` answers what is in flight, ends event streams, and leaves services open. */
export async function buildApp(services: Services): Promise<FastifyInstance> {
  const { config, store, queue, models, hub, log, heartbeatMs = 15_000 } = services
  const app = Fastify({
    loggerInstance: log,
    // One line a request costs more than a prediction; errors are logged where they are answered, times are metrics.
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: config.bodyLimitBytes,
    frameworkErrors: (error, request, reply) => void answerError(error, request, reply),
    routerOptions: { maxParamLength: 1024 },
    forceCloseConnections: 'idle',
  }).withTypeProvider<TypeBoxTypeProvider>()
  app.setValidatorCompiler(buildValidatorCompiler())
  readJsonBodies(app)
  answerProblems(app)
  for (const schema of namedSchemas) app.addSchema(schema)
  await app.register(multipart, { limits: { fileSize: config.uploadLimitBytes, parts: 20 } })
  await describeApi(app)

  closeConnectionsAsTheyEnd(app)

  const metrics = buildMetrics({ store, queue })
  measureRequests(app, metrics)
  await app.register(healthRoutes, { store, queue })
  const prefix = '/v1'
  await app.register(datasetRoutes, { prefix, store, uploadLimitBytes: config.uploadLimitBytes })
  await app.register(modelRoutes, { prefix, store, models })
  await app.register(trainingRoutes, { prefix, store, queue })
  await app.register(trainingRecordRoutes, { prefix, store, hub, heartbeatMs })
  await app.register(versionRoutes, { prefix, store })
  await app.register(predictionRoutes, { prefix, models, metrics, uploadLimitBytes: config.uploadLimitBytes })
  return app
}

/**
 * A server that closes waits for every connection. Two kinds would keep it waiting for a minute: one that was busy and
 * is now idle in its keep-alive, and one that a client opened ahead and never used, which Node does not count as idle.
 */
function closeConnectionsAsTheyEnd(app: FastifyInstance): void {
  const open = new Set<Socket>()
  app.server.on('connection', (socket: Socket) => {
    open.add(socket)
    socket.once('close', () => open.delete(socket))
  })
  app.addHook('preClose', async () => {
    const timer = setInterval(() => {
      app.server.closeIdleConnections()
      for (const socket of open) if (socket.bytesRead === 0) socket.destroy()
    }, 20)
    app.server.once('close', () => clearInterval(timer))
  })
}
