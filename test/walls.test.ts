/** The import walls that Biome enforces are those of the table in docs/architecture.md: neither says what the other does not. */
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join, relative, resolve as resolvePath } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'

const root = join(import.meta.dirname, '..')
const biome = createRequire(import.meta.url).resolve('@biomejs/biome/bin/biome')

interface Row {
  /** `src/nn/` or `src/app.ts`. */
  readonly place: string
  readonly name: string
  readonly mayImport: readonly string[]
  readonly packages: readonly string[]
}

const words = (cell = '') => cell.replaceAll('`', '').split(/\s+/).filter(Boolean)

const table: readonly Row[] = readFileSync(join(root, 'docs/architecture.md'), 'utf8')
  .split('\n')
  .filter((line) => /^\| `(src|workers)\//.test(line))
  .map((line) => {
    const [, place = '', , mayImport, packages] = line.split('|')
    const path = place.replaceAll('`', '').trim()
    const name = path.replace(/^src\//, '').replace(/\/$|\.ts$/, '')
    return { place: path, name, mayImport: words(mayImport), packages: words(packages) }
  })

/** Packages that a place shares with the one that the table names. */
const shares: Readonly<Record<string, string>> = { app: 'api', workers: 'queue' }
const typeboxIsFreeIn = ['config', 'nn', 'data', 'planning', 'queue', 'api']

const isFile = ({ place }: Row) => place.endsWith('.ts')
const specifier = (from: Row, to: Row) => {
  const up = isFile(from) ? (from.place.startsWith('src/') ? './' : '../') : '../'
  if (to.name === 'workers') return isFile(from) ? '../workers/main.ts' : '../../workers/main.ts'
  const base = from.name === 'workers' ? '../src/' : up
  return isFile(to) ? `${base}${to.name}.ts` : `${base}${to.name}/any.ts`
}

/** Every import that a place could make, and whether the table allows it. */
function possibleImports(from: Row): { text: string; isAllowed: boolean }[] {
  const rooms = table
    .filter((to) => to.name !== from.name)
    .map((to) => ({ text: specifier(from, to), isAllowed: from.mayImport.includes(to.name) }))
  const packages = table.flatMap((owner) =>
    owner.packages
      .filter((text) => text !== 'process.env')
      .map((text) => ({
        text: text.startsWith('@') ? `${text}/any` : text,
        isAllowed: owner.name === from.name || owner.name === shares[from.name],
      })),
  )
  return [...rooms, ...packages, { text: 'typebox', isAllowed: typeboxIsFreeIn.includes(from.name) }]
}

let folder: string
let refused: ReadonlySet<string>
const probe = ({ place }: Row) => (place.endsWith('.ts') ? place : `${place}probe.ts`)

beforeAll(async () => {
  // a copy of the tree that holds nothing but the configuration and one file per place
  folder = await mkdtemp(join(tmpdir(), 'fitserve-walls-'))
  for (const file of ['biome.json', 'biome.walls.json']) {
    await writeFile(join(folder, file), readFileSync(join(root, file), 'utf8').replace(/"vcs": \{.*?\},/s, ''))
  }
  for (const from of table) {
    const text = [...possibleImports(from).map(({ text }) => `import '${text}'`), 'console.log(process.env.HOME)']
    await mkdir(dirname(join(folder, probe(from))), { recursive: true })
    await writeFile(join(folder, probe(from)), `${text.join('\n')}\n`)
  }
  refused = await lint()
})

afterAll(() => rm(folder, { recursive: true, force: true }))

/** What Biome refuses, as `place line`. */
function lint(): Promise<Set<string>> {
  const args = [biome, 'lint', '--reporter=github', '--max-diagnostics=none', '.']
  return new Promise((resolve) => {
    execFile(process.execPath, args, { cwd: folder, maxBuffer: 2 ** 24 }, (_error, stdout) => {
      const found = stdout.matchAll(/title=lint\/style\/(?:noRestrictedImports|noProcessEnv),file=([^,]+),line=(\d+)/g)
      resolve(
        new Set([...found].map(([, file, line]) => `${relative(folder, resolvePath(folder, file ?? ''))} ${line}`)),
      )
    })
  })
}

test.each(table.map((row) => [row.place, row] as const))(
  '%s: Biome refuses what the table does not allow',
  (_place, row) => {
    const wrong = possibleImports(row).filter(({ isAllowed }, i) => refused.has(`${probe(row)} ${i + 1}`) === isAllowed)
    expect(wrong).toEqual([])
  },
)

test.each(table.map((row) => [row.place, row] as const))('%s: only config.ts reads process.env', (_place, row) => {
  const line = possibleImports(row).length + 1
  expect(refused.has(`${probe(row)} ${line}`)).toBe(row.name !== 'config')
})
