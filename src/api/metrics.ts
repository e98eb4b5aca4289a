/** Prometheus metrics: HTTP and predictions as this process sees them, queue and trainings as the store has them. */
import type { FastifyInstance } from 'fastify'
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { Type } from 'typebox'
import type { TrainingQueue } from '../queue/training-queue.ts'
import type { Store } from '../store/store.ts'

const secondsBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10]

/** What routes report to; one instance an application. */
export interface Metrics {
  readonly registry: Registry
  /** One answered prediction request: the model, its instances, and seconds from parsed body to answer. */
  predicted(model: string, instances: number, seconds: number): void
}

/**
 * Builds the metrics. Workers keep their counters with their rows, so that steps and losses are complete
 * whatever process worked.
 */
export function buildMetrics(services: { store: Store; queue: TrainingQueue }): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  collectQueue(registry, services.queue)
  collectTrainings(registry, services.store)
  const latency = new Histogram({
    name: 'fitserve_prediction_duration_seconds',
    help: 'Time of one prediction request, by model',
    labelNames: ['model'],
    buckets: secondsBuckets,
    registers: [registry],
  })
  const instanceCount = new Counter({
    name: 'fitserve_predictions_total',
    help: 'Instances predicted, by model',
    labelNames: ['model'],
    registers: [registry],
  })
  return {
    registry,
    predicted(model, instances, seconds) {
      latency.observe({ model }, seconds)
      instanceCount.inc({ model }, instances)
    },
  }
}

function collectQueue(registry: Registry, queue: TrainingQueue): void {
  new Gauge({
    name: 'fitserve_queue_jobs',
    help: 'Jobs in the training queue, by state',
    labelNames: ['state'],
    registers: [registry],
    async collect() {
      this.reset()
      for (const [state, count] of Object.entries(await queue.counts())) this.set({ state }, count)
    },
  })
}

/** Metrics of one scrape are collected at once: they share one query. */
function shareWhileRunning<T>(query: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | null = null
  return () => {
    running ??= query().finally(() => {
      running = null
    })
    return running
  }
}

function collectTrainings(registry: Registry, store: Store): void {
  const totals = shareWhileRunning(() => store.trainings.totals())
  new Counter({
    name: 'fitserve_training_steps_total',
    help: 'Optimizer steps of all trainings',
    registers: [registry],
    async collect() {
      const { steps } = await totals()
      this.reset()
      this.inc(steps)
    },
  })
  new Gauge({
    name: 'fitserve_trainings',
    help: 'Trainings, by status',
    labelNames: ['status'],
    registers: [registry],
    async collect() {
      const { byStatus } = await totals()
      this.reset()
      for (const [status, count] of Object.entries(byStatus)) this.set({ status }, count)
    },
  })
  for (const measure of ['epoch', 'loss'] as const) {
    new Gauge({
      name: `fitserve_training_${measure}`,
      help: `The last finished epoch of each running training: its ${measure === 'epoch' ? 'number' : 'loss'}`,
      labelNames: ['training', 'model'],
      registers: [registry],
      async collect() {
        const { running } = await totals()
        this.reset()
        for (const { id, model, [measure]: value } of running) {
          if (value !== null) this.set({ training: id, model }, value)
        }
      },
    })
  }
}

/** Measures every request, and answers `/metrics`. */
export function measureRequests(app: FastifyInstance, { registry }: Metrics): void {
  const duration = new Histogram({
    name: 'fitserve_http_request_duration_seconds',
    help: 'Time from request to answer, by method, route and status',
    labelNames: ['method', 'route', 'status'],
    buckets: secondsBuckets,
    registers: [registry],
  })
  app.addHook('onResponse', (request, reply, done) => {
    const labels = { method: request.method, route: request.routeOptions.url ?? 'none', status: reply.statusCode }
    duration.observe(labels, reply.elapsedTime / 1000)
    done()
  })
  const schema = {
    operationId: 'getMetrics',
    summary: 'Metrics in Prometheus’ text form',
    tags: ['system'],
    response: { 200: { description: 'Metrics', content: { 'text/plain': { schema: Type.String() } } } },
  }
  app.get('/metrics', { schema }, async (_request, reply) =>
    reply.type(registry.contentType).send(await registry.metrics()),
  )
}
