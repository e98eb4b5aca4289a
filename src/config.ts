/** The environment, read once into one frozen typed object; the only file that reads `process.env`. */

import { resolve } from 'node:path'

/** A setting that cannot be used. Its message is one line for the person who starts the service. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

/** How the text of a variable becomes a value: `undefined` where it does not fit what `expects` says. */
interface Reader<T> {
  readonly expects: string
  read(text: string): T | undefined
}

interface Variable<T, Default extends string | null> {
  readonly reader: Reader<T>
  /** As a person would write it in the environment; null where the variable may stay unset. */
  readonly default: Default
  readonly description: string
  /** Never shown in an error, as it may hold a password. */
  readonly secret: boolean
}

function variable<T, Default extends string | null>(
  reader: Reader<T>,
  fallback: Default,
  description: string,
  secret = false,
): Variable<T, Default> {
  return { reader, default: fallback, description, secret }
}

const text: Reader<string> = { expects: 'some text', read: (value) => value }

function integer(min: number, max: number): Reader<number> {
  return {
    expects: `a whole number from ${min} to ${max}`,
    read: (value) => (/^\d{1,15}$/.test(value) && +value >= min && +value <= max ? +value : undefined),
  }
}

function oneOf<const T extends string>(...words: readonly T[]): Reader<T> {
  return { expects: `one of ${words.join(', ')}`, read: (value) => words.find((word) => word === value) }
}

function either<A, B>(first: Reader<A>, second: Reader<B>): Reader<A | B> {
  return {
    expects: `${first.expects} or ${second.expects}`,
    read: (value) => first.read(value) ?? second.read(value),
  }
}

const flag: Reader<boolean> = {
  expects: 'true or false',
  read: (value) => (value === 'true' ? true : value === 'false' ? false : undefined),
}

function listOf<T>(item: Reader<T>): Reader<readonly T[]> {
  return {
    expects: `a comma-separated list, each ${item.expects}`,
    read: (value) => {
      const items = value.split(',').map((part) => item.read(part.trim()))
      const known = items.filter((part): part is NonNullable<typeof part> => part !== undefined)
      return known.length === items.length ? Object.freeze(known) : undefined
    },
  }
}

function url(...schemes: readonly string[]): Reader<string> {
  return {
    expects: `a URL that begins with ${schemes.map((scheme) => `${scheme}://`).join(' or ')}`,
    read: (value) => {
      const scheme = schemes.find((known) => value.startsWith(`${known}://`))
      return scheme !== undefined && URL.canParse(value) ? value : undefined
    },
  }
}

const providers = oneOf('cpu', 'cuda', 'tensorrt', 'coreml', 'dml', 'webgpu')
const MEBIBYTE = 2 ** 20

/** Every variable of the environment that fitserve reads. */
const variables = {
  HOST: variable(text, '127.0.0.1', 'Address to listen on'),
  PORT: variable(integer(0, 65535), '3000', 'Port to listen on; 0 takes a free one'),
  DATABASE_URL: variable(
    url('postgres', 'postgresql'),
    null,
    'PostgreSQL to use; unset: an embedded one in DATA_DIR',
    true,
  ),
  REDIS_URL: variable(url('redis', 'rediss'), null, 'Redis for the queue; unset: the queue lives in PostgreSQL', true),
  DATA_DIR: variable(text, './data', 'Folder for the embedded PostgreSQL and for files'),
  LOG_LEVEL: variable(
    oneOf('fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'),
    'info',
    'Least level that is logged',
  ),
  WORKER_CONCURRENCY: variable(integer(1, 256), '1', 'Trainings that one worker runs at once'),
  EXECUTION_PROVIDERS: variable(listOf(providers), 'cpu', 'Execution providers of ONNX Runtime, best first'),
  THREADS: variable(
    either(integer(1, 1024), oneOf('auto')),
    'auto',
    'Threads of one training; auto: its own runs choose, and look again later',
  ),
  BODY_LIMIT_BYTES: variable(
    integer(1024, 2 ** 40),
    `${MEBIBYTE}`,
    'Largest JSON body of a request that uploads no data and asks for no prediction',
  ),
  UPLOAD_LIMIT_BYTES: variable(
    integer(1024, 2 ** 40),
    `${256 * MEBIBYTE}`,
    'Largest dataset, model or list of instances to predict',
  ),
  MODEL_CACHE_SIZE: variable(integer(1, 100_000), '16', 'Model versions kept open for predictions'),
  QUEUE_LOCK_MS: variable(integer(100, 3_600_000), '5000', 'How long a worker holds a job without renewing it'),
  QUEUE_STALLED_MS: variable(integer(100, 3_600_000), '2000', 'How often jobs of lost workers are looked for'),
  S3_BUCKET: variable(text, null, 'S3 bucket for files; unset: files lie in DATA_DIR'),
  S3_REGION: variable(text, 'us-east-1', 'Region of the bucket'),
  S3_ENDPOINT: variable(url('http', 'https'), null, 'Address of an S3 service that is not Amazon’s'),
  S3_ACCESS_KEY_ID: variable(text, null, 'Key of the bucket; unset: the AWS SDK looks in its usual places'),
  S3_SECRET_ACCESS_KEY: variable(text, null, 'Secret that belongs to the key', true),
  S3_FORCE_PATH_STYLE: variable(
    flag,
    'false',
    'Put the bucket into the path of the URL, as most servers beside Amazon’s want it',
  ),
}

type Variables = typeof variables
type Settings = {
  readonly [Name in keyof Variables]: Variables[Name] extends Variable<infer T, infer Default>
    ? Default extends string
      ? T
      : T | undefined
    : never
}

/** One row of the README's table of settings. */
export interface EnvironmentVariable {
  readonly name: string
  /** null: unset by default. */
  readonly default: string | null
  readonly description: string
}

/** Every variable with its default, for the README. */
export const environmentTable: readonly EnvironmentVariable[] = Object.entries(variables).map(
  ([name, { default: fallback, reader, description }]) => ({
    name,
    default: fallback,
    description: `${description} (${reader.expects})`,
  }),
)

export interface S3Config {
  readonly bucket: string
  readonly region: string
  readonly endpoint?: string
  readonly accessKeyId?: string
  readonly secretAccessKey?: string
  readonly forcePathStyle: boolean
}

export interface Config {
  readonly host: string
  readonly port: number
  readonly databaseUrl?: string
  readonly redisUrl?: string
  /** Absolute. */
  readonly dataDir: string
  readonly logLevel: Settings['LOG_LEVEL']
  readonly workerConcurrency: number
  readonly executionProviders: Settings['EXECUTION_PROVIDERS']
  readonly threads: number | 'auto'
  readonly bodyLimitBytes: number
  readonly uploadLimitBytes: number
  readonly modelCacheSize: number
  readonly queueLockMs: number
  readonly queueStalledMs: number
  readonly s3?: S3Config
}

/**
 * Reads the environment. A variable that is set but empty counts as unset.
 * @throws {ConfigError} with one line that names the variable, its value and what was expected
 */
export function loadConfig(env: Readonly<Record<string, string | undefined>> = process.env): Config {
  const settings = readSettings(env)
  const s3 = s3Config(settings)
  return Object.freeze({
    host: settings.HOST,
    port: settings.PORT,
    ...(settings.DATABASE_URL !== undefined && { databaseUrl: settings.DATABASE_URL }),
    ...(settings.REDIS_URL !== undefined && { redisUrl: settings.REDIS_URL }),
    dataDir: resolve(settings.DATA_DIR),
    logLevel: settings.LOG_LEVEL,
    workerConcurrency: settings.WORKER_CONCURRENCY,
    executionProviders: settings.EXECUTION_PROVIDERS,
    threads: settings.THREADS,
    bodyLimitBytes: settings.BODY_LIMIT_BYTES,
    uploadLimitBytes: settings.UPLOAD_LIMIT_BYTES,
    modelCacheSize: settings.MODEL_CACHE_SIZE,
    queueLockMs: settings.QUEUE_LOCK_MS,
    queueStalledMs: settings.QUEUE_STALLED_MS,
    ...(s3 !== undefined && { s3 }),
  })
}

function readSettings(env: Readonly<Record<string, string | undefined>>): Settings {
  const read = ([name, { reader, default: fallback, secret }]: [string, Variable<unknown, string | null>]) => {
    const given = env[name]?.trim() || fallback
    if (given === null) return [name, undefined]
    const value = reader.read(given)
    if (value !== undefined) return [name, value]
    const received = secret ? 'another value (not shown, it may hold a password)' : JSON.stringify(given)
    throw new ConfigError(`${name}: expected ${reader.expects}, received ${received}`)
  }
  // Each entry was read by the reader of its own name, which fromEntries cannot know.
  return Object.fromEntries(Object.entries(variables).map(read)) as Settings
}

function s3Config(settings: Settings): S3Config | undefined {
  const { S3_BUCKET: bucket, S3_ACCESS_KEY_ID: accessKeyId, S3_SECRET_ACCESS_KEY: secretAccessKey } = settings
  if ((accessKeyId === undefined) !== (secretAccessKey === undefined)) {
    const [missing, given] =
      accessKeyId === undefined
        ? ['S3_ACCESS_KEY_ID', 'S3_SECRET_ACCESS_KEY']
        : ['S3_SECRET_ACCESS_KEY', 'S3_ACCESS_KEY_ID']
    throw new ConfigError(`${missing}: expected some text since ${given} is set, received nothing`)
  }
  if (bucket === undefined) {
    if (settings.S3_ENDPOINT === undefined) return undefined
    throw new ConfigError('S3_BUCKET: expected the name of a bucket since S3_ENDPOINT is set, received nothing')
  }
  return Object.freeze({
    bucket,
    region: settings.S3_REGION,
    ...(settings.S3_ENDPOINT !== undefined && { endpoint: settings.S3_ENDPOINT }),
    ...(accessKeyId !== undefined && { accessKeyId }),
    ...(secretAccessKey !== undefined && { secretAccessKey }),
    forcePathStyle: settings.S3_FORCE_PATH_STYLE,
  })
}

/**
 * The environment in which another process reads this very config: the inverse of `loadConfig`, on top of what this
 * process was given. Variables that are unset here are unset there.
 */
export function childEnvironment(config: Config): Record<string, string | undefined> {
  const values: { readonly [Name in keyof Variables]: Settings[Name] | undefined } = {
    HOST: config.host,
    PORT: config.port,
    DATABASE_URL: config.databaseUrl,
    REDIS_URL: config.redisUrl,
    DATA_DIR: config.dataDir,
    LOG_LEVEL: config.logLevel,
    WORKER_CONCURRENCY: config.workerConcurrency,
    EXECUTION_PROVIDERS: config.executionProviders,
    THREADS: config.threads,
    BODY_LIMIT_BYTES: config.bodyLimitBytes,
    UPLOAD_LIMIT_BYTES: config.uploadLimitBytes,
    MODEL_CACHE_SIZE: config.modelCacheSize,
    QUEUE_LOCK_MS: config.queueLockMs,
    QUEUE_STALLED_MS: config.queueStalledMs,
    S3_BUCKET: config.s3?.bucket,
    S3_REGION: config.s3?.region,
    S3_ENDPOINT: config.s3?.endpoint,
    S3_ACCESS_KEY_ID: config.s3?.accessKeyId,
    S3_SECRET_ACCESS_KEY: config.s3?.secretAccessKey,
    S3_FORCE_PATH_STYLE: config.s3?.forcePathStyle,
  }
  const texts = Object.entries(values).map(([name, value]) => [name, value === undefined ? undefined : String(value)])
  return { ...process.env, ...Object.fromEntries(texts) }
}
