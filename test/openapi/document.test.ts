/** The OpenAPI document: the golden file is what the routes say, and valid. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Validator } from '@seriousme/openapi-schema-validator'
import { beforeAll, expect, test } from 'vitest'
import { drawDocument } from '../../openapi/document.ts'

let text: string
beforeAll(async () => {
  text = await drawDocument()
})

test('openapi/openapi.json is what the routes say (npm run openapi writes it)', async () => {
  const golden = await readFile(join(import.meta.dirname, '../../openapi/openapi.json'), 'utf8')
  expect(golden).toBe(text)
})

test('the document is valid OpenAPI 3.1', async () => {
  const validator = new Validator()
  const { valid, errors } = await validator.validate(JSON.parse(text))
  expect(errors).toBeUndefined()
  expect([valid, validator.version]).toEqual([true, '3.1'])
})

test('every operation has its own id, a summary and a tag', () => {
  const operations = Object.values<Record<string, { operationId?: string; summary?: string; tags?: string[] }>>(
    JSON.parse(text).paths,
  ).flatMap((path) => Object.values(path))
  const ids = operations.map(({ operationId }) => operationId)
  expect(ids.filter((id) => id === undefined)).toEqual([])
  expect(new Set(ids).size).toBe(ids.length)
  expect(operations.filter(({ summary, tags }) => !summary || !tags?.length)).toEqual([])
})
