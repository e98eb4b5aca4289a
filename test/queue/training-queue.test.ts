import { afterAll, beforeAll, expect, test } from 'vitest'
import { loadConfig } from '../../src/config.ts'
import { openQueue, type TrainingQueue } from '../../src/queue/training-queue.ts'
import { silent, type TestDatabase, testDatabase } from '../support/postgres.ts'

const { redisUrl } = loadConfig()
const config = redisUrl === undefined ? {} : { redisUrl }
let database: TestDatabase
let queue: TrainingQueue

beforeAll(async () => {
  database = await testDatabase({ empty: true })
  queue = await openQueue(config, database, silent)
})
afterAll(async () => {
  await queue.close()
  await database.close()
})

test('a training that is added twice waits once', async () => {
  await queue.add('tr_twice')
  await queue.add('tr_twice')
  expect(await queue.counts()).toMatchObject({ waiting: 1, active: 0 })
  await queue.remove('tr_twice')
})

test('a later attempt of a training is another job, even while the first one is there', async () => {
  await queue.add('tr_again', 0)
  await queue.add('tr_again', 1)
  expect(await queue.counts()).toMatchObject({ waiting: 2 })
  await Promise.all([queue.remove('tr_again', 0), queue.remove('tr_again', 1)])
})

test('the trainings in line are told by their ids', async () => {
  await queue.add('tr_a')
  await queue.add('tr_b')
  expect(await queue.trainings()).toEqual(new Set(['tr_a', 'tr_b']))
  await Promise.all([queue.remove('tr_a'), queue.remove('tr_b')])
})

test('a training that was removed is no longer in line', async () => {
  await queue.add('tr_gone')
  await queue.remove('tr_gone')
  expect(await queue.trainings()).toEqual(new Set())
})

test('removing a training that is not in line changes nothing', async () => {
  await queue.remove('tr_never')
  expect(await queue.counts()).toEqual({ waiting: 0, active: 0, delayed: 0, completed: 0, failed: 0 })
})

test('four processes that open the queue on an empty database at once all get it', async () => {
  const empty = await testDatabase({ empty: true })
  const queues = await Promise.all([1, 2, 3, 4].map(() => openQueue(config, empty, silent)))
  await Promise.all(queues.map((one, i) => one.add(`tr_${i}`)))
  expect(await queues[0]?.counts()).toMatchObject({ waiting: 4 })
  await Promise.all(queues.map((one) => one.close()))
  await empty.close()
})

test('two databases on one Redis do not see the trainings of each other', async () => {
  const other = await testDatabase({ empty: true })
  const otherQueue = await openQueue(config, other, silent)
  await otherQueue.add('tr_other')
  expect(await queue.trainings()).toEqual(new Set())
  await otherQueue.close()
  await other.close()
})

test('a Redis that does not answer is told of in one line', async () => {
  const open = openQueue({ redisUrl: 'redis://127.0.0.1:1' }, database, silent, 1500)
  await expect(open).rejects.toThrow(
    'the queue in redis at 127.0.0.1:1 cannot be reached (connect ECONNREFUSED 127.0.0.1:1): check REDIS_URL',
  )
})
