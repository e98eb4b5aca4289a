/** The README and the guide for contributors say what is so: settings, commands, links. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { environmentTable } from '../src/config.ts'

const root = join(import.meta.dirname, '..')
const read = (file: string) => readFileSync(join(root, file), 'utf8')
const readme = read('README.md')
const scripts = Object.keys((JSON.parse(read('package.json')) as { scripts: object }).scripts)
const documents = ['README.md', 'CONTRIBUTING.md', 'docs/architecture.md']

test('the table of settings is the one of src/config.ts', () => {
  const rows = environmentTable.map(({ name, default: fallback, description }) => {
    return `| \`${name}\` | ${fallback === null ? '' : `\`${fallback}\``} | ${description} |`
  })
  const [, table] = /<!-- environment: .*?-->\n(.*?)<!-- \/environment -->/s.exec(readme) ?? []
  expect(table?.trim().split('\n')).toEqual(['| variable | default | what it is |', '|---|---|---|', ...rows])
})

test.each(['npm ci && npm run demo', 'npm ci && npm test'])('the README shows %s', (command) => {
  expect(readme.split('\n')).toContain(command)
})

test.each(documents)('%s names only npm scripts that there are', (file) => {
  const named = [...read(file).matchAll(/npm (?:run )?([a-z:]+)/g)].map(([, name = '']) => name)
  const others = ['ci', 'install', 'i', 'registry']
  expect(named.filter((name) => !scripts.includes(name) && !others.includes(name))).toEqual([])
})

test.each(documents)('%s links only to what is there', (file) => {
  const links = [...read(file).matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, path = '']) => path)
  expect(links.filter((path) => !existsSync(join(root, file, '..', path)))).toEqual([])
})
