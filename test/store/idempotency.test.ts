import { afterAll, beforeAll, expect, test } from 'vitest'
import { openStore } from '../../src/store/store.ts'
import { silent, testStore } from '../support/postgres.ts'

let store: Awaited<ReturnType<typeof testStore>>
beforeAll(async () => {
  store = await testStore()
})
afterAll(() => store.close())

/** Counts how often it is run. */
function counter() {
  let runs = 0
  const create = async () => {
    runs += 1
    return { id: `made-${runs}` }
  }
  return { create, runs: () => runs }
}

test('C64: the same key and body again gets the first answer, and nothing is made a second time', async () => {
  const { create, runs } = counter()
  const first = await store.idempotency.once('k1', 'POST /v1/models', 'hash', create)
  const second = await store.idempotency.once('k1', 'POST /v1/models', 'hash', create)
  expect([first, second, runs()]).toEqual([{ id: 'made-1' }, { id: 'made-1' }, 1])
})

test('C64: the same key with another body is idempotency_key_reused', async () => {
  const { create, runs } = counter()
  await store.idempotency.once('k2', 'POST /v1/models', 'hash', create)
  await expect(store.idempotency.once('k2', 'POST /v1/models', 'other', create)).rejects.toMatchObject({
    code: 'idempotency_key_reused',
  })
  expect(runs()).toBe(1)
})

test('one key on two routes is two requests', async () => {
  const { create, runs } = counter()
  await store.idempotency.once('k3', 'POST /v1/models', 'hash', create)
  await store.idempotency.once('k3', 'POST /v1/datasets', 'other', create)
  expect(runs()).toBe(2)
})

test('requests at once, through two processes’ stores, are made once', async () => {
  const other = await openStore(store.config, silent)
  const { create, runs } = counter()
  const answers = await Promise.all(
    [store, other, store, other, store].map((each) => each.idempotency.once('k4', 'POST /v1/models', 'hash', create)),
  )
  expect(new Set(answers.map((answer) => answer.id))).toEqual(new Set(['made-1']))
  expect(runs()).toBe(1)
  await other.close()
})

test('a request that failed may be tried again with its key', async () => {
  const { create } = counter()
  const failing = () => Promise.reject(new Error('no'))
  await expect(store.idempotency.once('k5', 'POST /v1/models', 'hash', failing)).rejects.toThrow('no')
  expect(await store.idempotency.once('k5', 'POST /v1/models', 'hash', create)).toEqual({ id: 'made-1' })
})

test('a request that was lost with its process is made anew', async () => {
  await store.database.pool.query(
    `insert into idempotency_keys (route, key, body_hash, created_at)
     values ('POST /v1/models', 'k6', 'hash', now() - interval '3 minutes')`,
  )
  const { create } = counter()
  expect(await store.idempotency.once('k6', 'POST /v1/models', 'hash', create)).toEqual({ id: 'made-1' })
})

test('an answer is forgotten after a day', async () => {
  const { create } = counter()
  await store.idempotency.once('k7', 'POST /v1/models', 'hash', create)
  await store.database.pool.query(
    "update idempotency_keys set created_at = now() - interval '25 hours' where key = 'k7'",
  )
  expect(await store.idempotency.once('k7', 'POST /v1/models', 'other', create)).toEqual({ id: 'made-2' })
})
