/** The images and the compose stack, as far as they can be checked without an engine: linted, and true to this repository. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { validate } from 'dockerfile-utils'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { environmentTable } from '../src/config.ts'

const root = join(import.meta.dirname, '..')
const read = (file: string) => readFileSync(join(root, file), 'utf8')

interface Service {
  build?: { target: string }
  image?: string
  environment: Record<string, string>
  depends_on?: Record<string, { condition: string }>
  healthcheck?: object
}
interface Compose {
  services: Record<string, Service>
}

const compose = parse(read('docker-compose.yml'), { merge: true }) as Compose
const services = Object.entries(compose.services)
const ours = services.filter(([, { build }]) => build !== undefined)
const dockerfile = read('Dockerfile')
/** The stages of the Dockerfile: name and instructions. */
const stages = new Map(
  dockerfile
    .split(/^FROM /m)
    .slice(1)
    .map((stage) => [/ AS (\S+)/.exec(stage)?.[1] ?? '', stage]),
)

test('docker-compose.yml follows the Compose Specification', () => {
  // the schema's formats (durations, bytes) are not JSON Schema's own
  const validator = new Ajv2020({ strict: false, validateFormats: false, allErrors: true })
  const isValid = validator.compile(JSON.parse(read('test/fixtures/compose-spec.json')))
  isValid(compose)
  expect(isValid.errors ?? []).toEqual([])
})

test('the Compose Specification kept here refuses a misspelt key', () => {
  const isValid = new Ajv2020({ strict: false, validateFormats: false }).compile(
    JSON.parse(read('test/fixtures/compose-spec.json')),
  )
  expect(isValid({ services: { api: { image: 'x', helthcheck: {} } } })).toBe(false)
})

test('the Dockerfile has nothing that its linter finds', () => {
  const found = validate(dockerfile).map(({ range, message }) => `line ${range.start.line + 1}: ${message}`)
  expect(found).toEqual([])
})

test('API, worker, PostgreSQL and Redis are in the stack', () => {
  expect(Object.keys(compose.services)).toEqual(expect.arrayContaining(['api', 'worker', 'postgres', 'redis']))
})

test.each(ours)('%s is built from a stage of the Dockerfile', (_name, { build }) => {
  expect([...stages.keys()]).toContain(build?.target)
})

test.each(ours)('%s waits until PostgreSQL and Redis are healthy', (_name, { depends_on }) => {
  expect(depends_on).toEqual({
    postgres: { condition: 'service_healthy' },
    redis: { condition: 'service_healthy' },
  })
})

test.each(ours)('%s gets only settings that the service knows', (_name, { environment }) => {
  const known = environmentTable.map(({ name }) => name)
  expect(Object.keys(environment).filter((name) => !known.includes(name))).toEqual([])
})

test.each(services)('%s has a health check', (_name, { build, healthcheck }) => {
  expect(healthcheck ?? /^HEALTHCHECK /m.exec(stages.get(build?.target ?? '') ?? '')).toBeTruthy()
})

test.each(['api', 'worker', 'worker-gpu'])('the image %s runs a program of the build', (target) => {
  const [, program = ''] = /^CMD \["node", "dist\/(.*?)\.js"/m.exec(stages.get(target) ?? '') ?? []
  expect(existsSync(join(root, `${program}.ts`))).toBe(true)
})

test.each(['runtime', 'worker-gpu'])('the stage %s gives up root', (stage) => {
  expect(stages.get(stage)).toMatch(/^USER 1000:1000$/m)
})

test('what the images copy from here is here', () => {
  const copies = [...dockerfile.matchAll(/^COPY (?!--from)(.+)$/gm)].flatMap(([, paths = '']) =>
    paths.split(' ').slice(0, -1),
  )
  expect(copies.filter((path) => !existsSync(join(root, path)))).toEqual([])
})

test('the images hold no development packages', () => {
  expect(stages.get('packages')).toMatch(/npm ci --omit=dev$/m)
  expect(stages.get('runtime')).toMatch(/COPY --from=packages \/app\/node_modules/)
})

test('the GPU worker asks for CUDA and has its libraries', () => {
  expect(stages.get('worker-gpu')).toMatch(/EXECUTION_PROVIDERS=cuda,cpu/)
  expect(stages.get('packages-gpu')).toMatch(/ONNXRUNTIME_NODE_INSTALL=cuda12/)
})
