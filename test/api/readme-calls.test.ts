/** The curl calls of the README, sent in their order to the real service with a real worker. */
import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type TestService, testService } from '../support/service.ts'

const root = join(import.meta.dirname, '../..')

interface Call {
  readonly path: string
  readonly json: string | undefined
  readonly form: readonly string[]
}

/** Every `curl` in the shell blocks of the README. */
function callsOf(markdown: string): Call[] {
  const blocks = [...markdown.matchAll(/```sh\n(.*?)```/gs)].map(([, text = '']) => text)
  return blocks.flatMap((block) =>
    block.split(/^(?=curl )/m).flatMap((command) => {
      const [, path] = /^curl .*?http:\/\/127\.0\.0\.1:3000(\S+)/s.exec(command) ?? []
      if (path === undefined) return []
      const [, json] = / --json '(.*)'\s*$/s.exec(command) ?? []
      const form = [...command.matchAll(/ --form (\S+)/g)].map(([, part = '']) => part)
      return [{ path, json: json?.replaceAll(`'"$DATASET"'`, '$DATASET'), form }]
    }),
  )
}

const calls = callsOf(readFileSync(join(root, 'README.md'), 'utf8'))

function formOf(parts: readonly string[]): FormData {
  const form = new FormData()
  for (const part of parts) {
    const [name = '', value = ''] = part.split('=')
    if (!value.startsWith('@')) form.set(name, value)
    else form.set(name, new Blob([readFileSync(join(root, value.slice(1)))]), basename(value))
  }
  return form
}

let service: TestService
/** Status and text of each call's answer. */
const answers: { path: string; status: number; text: string }[] = []

beforeAll(async () => {
  service = await testService({ worker: true })
  const ids: Record<string, string> = {}
  const filled = (text: string) => text.replace(/\$([A-Z]+)/g, (_, name: string) => ids[name] ?? '')
  for (const { path, json, form } of calls) {
    const response = await fetch(`${service.url}${filled(path)}`, {
      ...(json === undefined
        ? {}
        : { method: 'POST', body: filled(json), headers: { 'content-type': 'application/json' } }),
      ...(form.length === 0 ? {} : { method: 'POST', body: formOf(form) }),
    })
    const text = await response.text()
    answers.push({ path, status: response.status, text })
    const [, id = '', kind] = /"id":"((ds|tr)_\w+)"/.exec(text) ?? []
    if (kind) ids[kind === 'ds' ? 'DATASET' : 'TRAINING'] = id
  }
})

afterAll(() => service.close())

test('the README shows uploading, describing, training, watching and predicting', () => {
  expect(calls.map(({ path }) => path)).toEqual([
    '/v1/datasets',
    '/v1/models',
    '/v1/models/iris/trainings',
    '/v1/trainings/$TRAINING/events',
    '/v1/trainings/$TRAINING',
    '/v1/models/iris/predict',
  ])
})

test('each of its calls is answered with success', () => {
  expect(answers.map(({ status }) => status)).toEqual([201, 201, 202, 200, 200, 200])
})

test('its events end with the training that succeeded', () => {
  expect(answers[3]?.text.match(/^event: .*$/gm)?.at(-1)).toBe('event: finished')
  expect(JSON.parse(answers[4]?.text ?? '{}')).toMatchObject({ status: 'succeeded', version: 1 })
})

test('its prediction is a virginica', () => {
  expect(JSON.parse(answers[5]?.text ?? '{}').predictions[0].label).toBe('virginica')
})
