import { resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ConfigError, childEnvironment, environmentTable, loadConfig } from '../src/config.ts'

test('an empty environment gives the defaults', () => {
  expect(loadConfig({})).toEqual({
    host: '127.0.0.1',
    port: 3000,
    dataDir: resolve('data'),
    logLevel: 'info',
    workerConcurrency: 1,
    executionProviders: ['cpu'],
    threads: 'auto',
    bodyLimitBytes: 1_048_576,
    uploadLimitBytes: 268_435_456,
    modelCacheSize: 16,
    queueLockMs: 5000,
    queueStalledMs: 2000,
  })
})

test('a full environment is read whole', () => {
  const env = {
    HOST: '0.0.0.0',
    PORT: '8080',
    DATABASE_URL: 'postgres://me:pw@db/fit',
    REDIS_URL: 'rediss://cache:6380',
    DATA_DIR: '/srv/data',
    LOG_LEVEL: 'debug',
    WORKER_CONCURRENCY: '3',
    EXECUTION_PROVIDERS: 'cuda, cpu',
    THREADS: '2',
    S3_BUCKET: 'models',
    S3_ENDPOINT: 'http://minio:9000',
    S3_ACCESS_KEY_ID: 'key',
    S3_SECRET_ACCESS_KEY: 'secret',
    S3_FORCE_PATH_STYLE: 'true',
  }
  expect(loadConfig(env)).toMatchObject({
    host: '0.0.0.0',
    port: 8080,
    databaseUrl: 'postgres://me:pw@db/fit',
    redisUrl: 'rediss://cache:6380',
    dataDir: '/srv/data',
    logLevel: 'debug',
    workerConcurrency: 3,
    executionProviders: ['cuda', 'cpu'],
    threads: 2,
    s3: {
      bucket: 'models',
      region: 'us-east-1',
      endpoint: 'http://minio:9000',
      accessKeyId: 'key',
      secretAccessKey: 'secret',
      forcePathStyle: true,
    },
  })
})

test('a variable that is set but empty counts as unset', () => {
  expect(loadConfig({ PORT: '', DATABASE_URL: ' ', REDIS_URL: '' })).toEqual(loadConfig({}))
})

test('the config cannot be changed', () => {
  const config = loadConfig({ S3_BUCKET: 'models' })
  for (const part of [config, config.s3, config.executionProviders]) expect(Object.isFrozen(part)).toBe(true)
})

describe('a bad value is one line that names the variable, the value and what was expected', () => {
  const bad: [string, string, string][] = [
    ['PORT', 'http', 'PORT: expected a whole number from 0 to 65535, received "http"'],
    ['PORT', '65536', 'PORT: expected a whole number from 0 to 65535, received "65536"'],
    ['PORT', '-1', 'PORT: expected a whole number from 0 to 65535, received "-1"'],
    ['PORT', '3000.5', 'PORT: expected a whole number from 0 to 65535, received "3000.5"'],
    ['PORT', '0x10', 'PORT: expected a whole number from 0 to 65535, received "0x10"'],
    ['WORKER_CONCURRENCY', '0', 'WORKER_CONCURRENCY: expected a whole number from 1 to 256, received "0"'],
    ['THREADS', 'many', 'THREADS: expected a whole number from 1 to 1024 or one of auto, received "many"'],
    ['BODY_LIMIT_BYTES', '1MB', 'BODY_LIMIT_BYTES: expected a whole number from 1024 to 1099511627776, received "1MB"'],
    ['LOG_LEVEL', 'loud', 'LOG_LEVEL: expected one of fatal, error, warn, info, debug, trace, silent, received "loud"'],
    [
      'EXECUTION_PROVIDERS',
      'cpu,gpu',
      'EXECUTION_PROVIDERS: expected a comma-separated list, each one of cpu, cuda, tensorrt, coreml, dml, webgpu, received "cpu,gpu"',
    ],
    ['S3_FORCE_PATH_STYLE', 'yes', 'S3_FORCE_PATH_STYLE: expected true or false, received "yes"'],
    [
      'S3_ENDPOINT',
      'minio:9000',
      'S3_ENDPOINT: expected a URL that begins with http:// or https://, received "minio:9000"',
    ],
  ]
  test.each(bad)('%s=%s', (name, value, message) => {
    expect(() => loadConfig({ [name]: value })).toThrow(new ConfigError(message))
  })

  test.each(['DATABASE_URL', 'REDIS_URL'])('%s, whose value may hold a password, is not shown', (name) => {
    expect(() => loadConfig({ [name]: 'mysql://me:hunter2@db/fit' })).toThrow(
      expect.objectContaining({
        message: expect.stringMatching(/^(DATABASE|REDIS)_URL: expected a URL that begins with/),
      }),
    )
    expect(() => loadConfig({ [name]: 'mysql://me:hunter2@db/fit' })).not.toThrow(/hunter2/)
  })

  const incomplete: [string, Record<string, string>, string][] = [
    ['a key without its secret', { S3_BUCKET: 'b', S3_ACCESS_KEY_ID: 'k' }, 'S3_SECRET_ACCESS_KEY'],
    ['a secret without its key', { S3_BUCKET: 'b', S3_SECRET_ACCESS_KEY: 's' }, 'S3_ACCESS_KEY_ID'],
    ['an endpoint without a bucket', { S3_ENDPOINT: 'http://minio:9000' }, 'S3_BUCKET'],
  ]
  test.each(incomplete)('%s', (_, env, missing) => {
    expect(() => loadConfig(env)).toThrow(new RegExp(`^${missing}: expected .*, received nothing$`))
  })
})

test('the table for the README has every variable with its default', () => {
  expect(environmentTable).toContainEqual({
    name: 'PORT',
    default: '3000',
    description: 'Port to listen on; 0 takes a free one (a whole number from 0 to 65535)',
  })
  expect(environmentTable.map((row) => row.name)).toEqual(expect.arrayContaining(['HOST', 'DATABASE_URL', 'DATA_DIR']))
})

describe('childEnvironment', () => {
  const environments: [string, Record<string, string>][] = [
    ['the defaults', {}],
    [
      'a database, Redis and S3',
      {
        DATABASE_URL: 'postgres://me:pw@db/fit',
        REDIS_URL: 'redis://cache',
        EXECUTION_PROVIDERS: 'cuda,cpu',
        THREADS: '2',
        S3_BUCKET: 'models',
        S3_ACCESS_KEY_ID: 'key',
        S3_SECRET_ACCESS_KEY: 'secret',
        S3_FORCE_PATH_STYLE: 'true',
      },
    ],
  ]
  test.each(environments)('another process reads the same config from it: %s', (_, env) => {
    const config = loadConfig(env)
    expect(loadConfig(childEnvironment(config))).toEqual(config)
  })

  test('it sets every variable of the table, and what was given besides stays', () => {
    const names = Object.keys(childEnvironment(loadConfig({})))
    expect(names).toEqual(expect.arrayContaining(environmentTable.map((row) => row.name)))
    expect(childEnvironment(loadConfig({}))).toHaveProperty('PATH', process.env.PATH)
  })
})
