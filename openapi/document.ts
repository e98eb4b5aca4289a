/** The text of the OpenAPI document: drawn from the routes alone, without a database or a queue. */
import { pino } from 'pino'
import { buildApp } from '../src/app.ts'
import { loadConfig } from '../src/config.ts'

/** A service that is used while the routes are made is a mistake that must show. */
function closed<T extends object>(name: string): T {
  const refuse = (_target: object, key: string | symbol) => {
    throw new Error(`the document is drawn without services, but ${name}.${String(key)} was used`)
  }
  return new Proxy({}, { get: refuse }) as T // whatever member of T is asked for throws
}

/** The document as it stands in `openapi/openapi.json`. */
export async function drawDocument(): Promise<string> {
  const app = await buildApp({
    config: loadConfig({}),
    store: closed('store'),
    queue: closed('queue'),
    models: closed('models'),
    hub: closed('hub'),
    log: pino({ level: 'silent' }),
  })
  await app.ready()
  const document = app.swagger()
  await app.close()
  return `${JSON.stringify(document, null, 2)}\n`
}
