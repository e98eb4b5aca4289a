import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, chown, cp, mkdir, mkdtemp, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { completeLinks, findBinaries } from '../../src/store/embedded/binaries.ts'
import { openCluster } from '../../src/store/embedded/cluster.ts'
import { chooseLauncher, type Launcher } from '../../src/store/embedded/launcher.ts'
import { openEmbeddedPostgres } from '../../src/store/embedded/postgres.ts'
import { findPostmaster, isPostgres } from '../../src/store/embedded/postmaster.ts'
import { startServer } from '../../src/store/embedded/start.ts'
import { silent } from '../support/postgres.ts'

const FAST = { fsync: 'off' }
const asRoot = process.getuid?.() === 0
/** Whether another user can run what is in this clone: not where it lies below a folder that only root may enter. */
const openClone = await isOpenToAll(import.meta.dirname)

async function isOpenToAll(path: string): Promise<boolean> {
  const { mode } = await stat(path)
  const above = dirname(path)
  return (mode & 0o001) !== 0 && (above === path || (await isOpenToAll(above)))
}

// initdb takes a second: tests that need no empty folder share this one, and leave it stopped.
let shared: string
let dataDir: string
beforeAll(async () => {
  shared = await newFolder()
  await (await openEmbeddedPostgres(shared, silent, FAST)).close()
})
beforeEach(() => {
  dataDir = shared
})
afterEach(async () => {
  // Whatever a test that failed left running.
  const left = await postmaster().catch(() => null)
  if (left !== null) process.kill(left.pid, 'SIGQUIT')
  if (dataDir !== shared) await rm(join(dataDir, '..'), { recursive: true, force: true })
})
afterAll(() => rm(join(shared, '..'), { recursive: true, force: true }))

/** Not made yet, below a folder that only its owner may enter: for root, what a clone in a home folder is. */
async function newFolder(): Promise<string> {
  return join(await mkdtemp(join(tmpdir(), 'fitserve-embedded-')), 'data')
}

const open = () => openEmbeddedPostgres(dataDir, silent, FAST)
const postmaster = () => findPostmaster(join(dataDir, 'postgres/cluster'))

async function query(url: string, text: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(text)).rows
  } finally {
    await client.end()
  }
}

test('starts below a folder that only its owner may enter, by a path longer than a socket’s name may be', async () => {
  const folder = await newFolder()
  dataDir = join(folder, '..', 'a'.repeat(120))
  const postgres = await open()
  expect(await query(postgres.url, 'select current_database() as name')).toEqual([{ name: 'fitserve' }])
  await postgres.close()
})

test('is gone after the close, without a word of complaint', async () => {
  const said: unknown[] = []
  const complain = (data: object, message: string) => said.push([message, data])
  const postgres = await openEmbeddedPostgres(dataDir, { ...silent, warn: complain, error: complain }, FAST)
  const running = await postmaster()
  await postgres.close()
  expect(await postmaster()).toBeNull()
  expect(await isPostgres(running?.pid ?? 0)).toBe(false)
  expect(said).toEqual([])
})

test('speaks UTF-8 and sorts by code points', async () => {
  const postgres = await open()
  const rows = await query(
    postgres.url,
    "select 'Größe' as word, 'Z' < 'a' as by_code, current_setting('server_encoding')",
  )
  expect(rows).toMatchObject([{ word: 'Größe', by_code: true, current_setting: 'UTF8' }])
  await postgres.close()
})

test('lets nobody in without the password', async () => {
  const postgres = await open()
  const url = new URL(postgres.url)
  url.password = 'guess'
  await expect(query(url.href, 'select 1')).rejects.toThrow('password authentication failed')
  await postgres.close()
})

test('what was written is there after a restart', async () => {
  const first = await open()
  await query(first.url, 'create table if not exists kept as select 42 as value')
  await first.close()
  const second = await open()
  expect(await query(second.url, 'select value from kept')).toEqual([{ value: 42 }])
  await second.close()
})

test('a second service on the folder shares the server, and the last one to leave stops it', async () => {
  const first = await open()
  const second = await open()
  expect(second.url).toBe(first.url)
  await first.close()
  expect(await query(second.url, 'select 1 as one')).toEqual([{ one: 1 }])
  await second.close()
  expect(await postmaster()).toBeNull()
})

test('four services that start at once on an empty folder share one server', async () => {
  dataDir = await newFolder()
  const all = await Promise.all([open(), open(), open(), open()])
  expect(new Set(all.map((each) => each.url)).size).toBe(1)
  await Promise.all(all.map((each) => each.close()))
  expect(await postmaster()).toBeNull()
})

test('services that come and go at once always find a server', async () => {
  for (let round = 0; round < 3; round++) {
    await Promise.all(
      [0, 30, 60, 90].map(async (delayMs) => {
        await new Promise((resolve) => setTimeout(resolve, delayMs))
        const postgres = await open()
        expect(await query(postgres.url, 'select 1 as one')).toEqual([{ one: 1 }])
        await postgres.close()
      }),
    )
  }
  expect(await postmaster()).toBeNull()
})

describe('in processes of their own', () => {
  // Node 20 runs no TypeScript: these run the built files, as npm test builds them before.
  const built = new URL('../../dist/src/store/embedded/postgres.js', import.meta.url).href
  const program = `
    import { openEmbeddedPostgres } from '${built}'
    const log = { debug() {}, info() {}, warn() {}, error() {} }
    const postgres = await openEmbeddedPostgres(process.argv[1], log, { fsync: 'off' })
    process.on('SIGINT', () => {})
    process.on('SIGTERM', () => postgres.close().then(() => process.exit(0)))
    setInterval(() => {}, 1000)
    console.log(postgres.url)`

  async function start(options: { uid?: number; gid?: number } = {}): Promise<{ child: ChildProcess; url: string }> {
    const child = spawn(process.execPath, ['--input-type=module', '-e', program, dataDir], {
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: true,
      cwd: '/',
      ...options,
    })
    const [line] = await Promise.race([once(child.stdout, 'data'), once(child, 'exit').then(() => [''])])
    return { child, url: String(line).trim() }
  }

  test('after kill -9 of a service its server is found and used again', async () => {
    const { child, url } = await start()
    await query(url, 'create table if not exists kept as select 42 as value')
    const before = await postmaster()
    child.kill('SIGKILL')
    await once(child, 'exit')
    const postgres = await open()
    expect((await postmaster())?.pid).toBe(before?.pid)
    expect(await query(postgres.url, 'select value from kept')).toEqual([{ value: 42 }])
    await postgres.close()
    expect(await postmaster()).toBeNull()
  })

  test('after kill -9 of service and server the data is there', async () => {
    const { child, url } = await start()
    await query(url, 'create table if not exists kept as select 42 as value')
    child.kill('SIGKILL')
    process.kill((await postmaster())?.pid ?? 0, 'SIGKILL')
    const postgres = await open()
    expect(await query(postgres.url, 'select value from kept')).toEqual([{ value: 42 }])
    await postgres.close()
  })

  test('Ctrl-C in the terminal does not reach the server', async () => {
    const { child, url } = await start()
    // A terminal signals the whole group of the program it runs.
    process.kill(-(child.pid ?? 0), 'SIGINT')
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(await query(url, 'select 1 as one')).toEqual([{ one: 1 }])
    child.kill('SIGTERM')
    await once(child, 'exit')
    expect(await postmaster()).toBeNull()
  })

  test.runIf(asRoot && openClone)('a user who is not root starts it directly', async () => {
    dataDir = await newFolder()
    await chmod(join(dataDir, '..'), 0o755)
    await mkdir(dataDir)
    await chown(dataDir, 65534, 65534)
    const { child, url } = await start({ uid: 65534, gid: 65534 })
    expect(await query(url, 'select 1 as one')).toEqual([{ one: 1 }])
    child.kill('SIGTERM')
    await once(child, 'exit')
  })
})

test.runIf(asRoot)('root without user namespaces runs it as another user', async () => {
  dataDir = await newFolder()
  await mkdir(dataDir)
  await chmod(join(dataDir, '..'), 0o755)
  await chmod(dataDir, 0o755)
  const launcher: Launcher = {
    prefix: [],
    options: { uid: 65534, gid: 65534 },
    own: (path) => chown(path, 65534, 65534),
  }
  const binaries = await copyBinaries(join(dataDir, '..', 'native'))
  const cluster = await openCluster(join(dataDir, 'postgres'), binaries, launcher)
  expect(await startServer(cluster, binaries.postgres, launcher, FAST)).toBe('ready')
  const postgres = await open()
  expect(await query(postgres.url, 'select 1 as one')).toEqual([{ one: 1 }])
  await postgres.close()
})

/** The programs where any user may run them, also where this clone is below a folder that only root may enter. */
async function copyBinaries(folder: string) {
  const { initdb, postgres } = await findBinaries()
  await cp(join(dirname(initdb), '..'), folder, { recursive: true, verbatimSymlinks: true })
  return { initdb: join(folder, 'bin', basename(initdb)), postgres: join(folder, 'bin', basename(postgres)) }
}

test.runIf(asRoot)('root with no way to run it is told what to do', async () => {
  await expect(chooseLauncher('/no/such/program', tmpdir())).rejects.toThrow(
    /^PostgreSQL does not run as root, .* start fitserve as another user, or set DATABASE_URL to a PostgreSQL$/,
  )
})

test('a server that does not start gives PostgreSQL’s reason and the place of its log', async () => {
  const path = join(dataDir, 'postgres/cluster/postgresql.conf')
  const settings = await readFile(path, 'utf8')
  await writeFile(path, 'nonsense = 1\n')
  await expect(open()).rejects.toThrow(/did not start: .*FATAL: .*configuration file.* \(.*server\.log\)$/)
  await writeFile(path, settings)
})

test('a folder that is something else is refused', async () => {
  dataDir = await newFolder()
  await mkdir(join(dataDir, 'postgres'), { recursive: true })
  await writeFile(join(dataDir, 'postgres/letter.txt'), 'dear')
  await expect(open()).rejects.toThrow(/postgres is not empty and holds no cluster/)
  expect(await readFile(join(dataDir, 'postgres/letter.txt'), 'utf8')).toBe('dear')
})

test('the file of a dead server does no harm, also where its number belongs to another program now', async () => {
  const path = join(dataDir, 'postgres/cluster/postmaster.pid')
  const lines = [process.pid, join(dataDir, 'postgres/cluster'), 1, 5999, '', '127.0.0.1', '  0 0', 'ready   ']
  await writeFile(path, `${lines.join('\n')}\n`, { mode: 0o600 })
  await utimes(path, new Date(0), new Date(0))
  const postgres = await open()
  expect(await query(postgres.url, 'select 1 as one')).toEqual([{ one: 1 }])
  await postgres.close()
})

test('a copy of a folder in use is not mistaken for it', async () => {
  const original = await open()
  const copy = join(dataDir, '../copy')
  await cp(dataDir, copy, { recursive: true })
  await expect(openEmbeddedPostgres(copy, silent, FAST)).rejects.toThrow(
    /remove postmaster\.pid where the folder is a copy/,
  )
  await original.close()
  await rm(copy, { recursive: true })
})

test('links between libraries that npm did not make are made', async () => {
  const root = await mkdtemp(join(tmpdir(), 'fitserve-package-'))
  await mkdir(join(root, 'native/lib'), { recursive: true })
  await writeFile(join(root, 'native/lib/libx.so.1.2'), 'library')
  const links = [{ source: 'native/lib/libx.so.1.2', target: 'native/lib/libx.so.1' }]
  await writeFile(join(root, 'native/pg-symlinks.json'), JSON.stringify(links))
  await Promise.all([completeLinks(root), completeLinks(root)])
  await completeLinks(root)
  expect(await readFile(join(root, 'native/lib/libx.so.1'), 'utf8')).toBe('library')
  await rm(root, { recursive: true })
})
