/** docs/errors.md explains every problem of src/errors.ts, and no other. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { problems } from '../src/errors.ts'

const explained = readFileSync(join(import.meta.dirname, '../docs/errors.md'), 'utf8').matchAll(
  /^\| `(\w+)` \| (\d{3}) \| .+ \| .+ \|$/gm,
)

test('docs/errors.md has every code with its status, in the order of the table', () => {
  expect([...explained].map(([, code, status]) => [code, Number(status)])).toEqual(
    Object.entries(problems).map(([code, { status }]) => [code, status]),
  )
})
