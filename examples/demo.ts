/**
 * `npm run demo`: the main job from end to end. Starts the service with embedded defaults, uploads the irises, trains a
 * network on them in a worker process, predicts a flower, and serves on until Ctrl-C; `-- --exit` ends after the
 * prediction.
 */
import { parseArgs } from 'node:util'
import { SingleBar } from 'cli-progress'
import {
  call,
  type HistoryRow,
  type Prediction,
  ServiceError,
  type Training,
  trainingEvents,
  uploadCsv,
} from './client.ts'
import { irisCsv, irisFlower, irisNetwork, irisTraining } from './iris.ts'
import { freePort, isFree, type ServiceProcess, startService } from './service-process.ts'

const model = 'iris-demo'
const epochs = 100

/** PORT as it is set; where it is not and 3000 is taken, a free one. */
async function choosePort(): Promise<string> {
  if (process.env.PORT) return process.env.PORT
  if (await isFree(3000)) return '3000'
  const port = await freePort()
  console.log(`port 3000 is taken: the demo listens on ${port}`)
  return String(port)
}

async function createModel(service: string): Promise<void> {
  try {
    const created = await call<{ total_parameters: number }>(`${service}/v1/models`, 'POST', {
      name: model,
      ...irisNetwork,
    })
    console.log(`model ${model}: created${created.total_parameters ? `, ${created.total_parameters} parameters` : ''}`)
  } catch (error) {
    if (!(error instanceof ServiceError) || error.code !== 'model_exists') throw error
    console.log(`model ${model}: there from an earlier run, this training makes its next version`)
  }
}

const rounded = (value: number | null | undefined) => value?.toFixed(4) ?? '-'

/** Shows the epochs: a bar in a terminal, a line every ten epochs in a log. */
function showProgress() {
  if (!process.stdout.isTTY) {
    const line = ({ epoch, loss, val_loss, val_accuracy }: HistoryRow) =>
      `epoch ${epoch}/${epochs} loss ${rounded(loss)} val_loss ${rounded(val_loss)} val_accuracy ${rounded(val_accuracy)}`
    return { show: (row: HistoryRow) => row.epoch % 10 === 0 && console.log(line(row)), end: () => {} }
  }
  const format =
    'training [{bar}] {value}/{total} epochs | loss {loss} | val_loss {val_loss} | val_accuracy {val_accuracy}'
  const bar = new SingleBar({ format, barCompleteChar: '█', barIncompleteChar: '░', hideCursor: true })
  bar.start(epochs, 0, { loss: '-', val_loss: '-', val_accuracy: '-' })
  return {
    show: ({ epoch, loss, val_loss, val_accuracy }: HistoryRow) =>
      bar.update(epoch, { loss: rounded(loss), val_loss: rounded(val_loss), val_accuracy: rounded(val_accuracy) }),
    end: () => bar.stop(),
  }
}

async function train(service: string, dataset: string): Promise<Training> {
  const queued = await call<Training>(`${service}/v1/models/${model}/trainings`, 'POST', irisTraining(dataset, epochs))
  console.log(`training ${queued.id}: queued`)
  const progress = showProgress()
  try {
    for await (const event of trainingEvents(service, queued.id)) {
      if (event.type === 'epoch') progress.show(event.row)
      else return event.training
    }
  } finally {
    progress.end()
  }
  throw new Error(`the training ${queued.id} ended without saying so`)
}

async function runDemo(service: string): Promise<void> {
  const dataset = await uploadCsv(service, 'iris', await irisCsv())
  console.log(`data set ${dataset.id}: ${dataset.row_count} rows`)
  await createModel(service)
  const training = await train(service, dataset.id)
  if (training.status !== 'succeeded') {
    throw new Error(`the training ${training.status}: ${training.error?.code} ${training.error?.detail}`)
  }
  console.log(`training ${training.id}: succeeded, published as version ${training.version}`)
  console.log(`test accuracy ${rounded(training.metrics.test?.accuracy)}`)

  const answer = await call<Prediction>(`${service}/v1/models/${model}/predict`, 'POST', { instances: [irisFlower] })
  const [prediction] = answer.predictions
  console.log(`prediction for ${JSON.stringify(irisFlower)}`)
  console.log(`  label ${prediction?.label}`)
  for (const [label, probability] of Object.entries(prediction?.probabilities ?? {})) {
    console.log(`  ${label.padEnd(12)} ${probability.toFixed(4)}`)
  }
  console.log(`docs ${service}/docs`)
  console.log(`api  ${service}/v1/models/${model}`)
}

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { exit: { type: 'boolean', default: false } } })
  const environment = { PORT: await choosePort(), LOG_LEVEL: process.env.LOG_LEVEL ?? 'warn' }
  let service: ServiceProcess | null = null
  let interrupted = false
  const interrupt = () => {
    interrupted = true
    void service?.stop()
  }
  process.once('SIGINT', interrupt)
  process.once('SIGTERM', interrupt)
  service = await startService({ environment })
  if (interrupted) return service.stop()
  try {
    await runDemo(service.url)
  } catch (error) {
    await service.stop()
    if (interrupted) return 130
    throw error
  }
  if (values.exit) return service.stop()
  if (!interrupted) console.log('serving until Ctrl-C')
  return service.ended
}

try {
  process.exitCode = await main()
} catch (error) {
  console.error(`demo: ${error instanceof Error ? error.message : error}`)
  process.exitCode = 1
}
