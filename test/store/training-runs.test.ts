import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { testStore } from '../support/postgres.ts'
import { addModel, addRunning, addTraining, epochRow, success } from '../support/rows.ts'

let store: Awaited<ReturnType<typeof testStore>>
beforeAll(async () => {
  store = await testStore()
})
afterAll(() => store.close())

const code = (expected: string) => expect.objectContaining({ code: expected })
const finishedEvents = async (id: string) =>
  (await store.trainings.events(id, 0)).filter((event) => event.type === 'finished')

describe('claim', () => {
  test('a queued training becomes running with attempt 1', async () => {
    const { id } = await addTraining(store)
    const claimed = await store.trainings.claim(id)
    expect(claimed).toMatchObject({ attempt: 1, row: { status: 'running', startedAt: expect.any(Date) } })
  })

  test('a second claim gets the next attempt and keeps the first start', async () => {
    const { id } = await addTraining(store)
    const first = await store.trainings.claim(id)
    const second = await store.trainings.claim(id)
    expect(second).toMatchObject({ attempt: 2, row: { startedAt: first?.row.startedAt } })
  })

  test('claims at once get different attempts', async () => {
    const { id } = await addTraining(store)
    const claims = await Promise.all(Array.from({ length: 8 }, () => store.trainings.claim(id)))
    expect(new Set(claims.map((claim) => claim?.attempt)).size).toBe(8)
  })

  test('an ended or unknown training is not claimed', async () => {
    const { id, attempt } = await addRunning(store)
    await store.trainings.fail(id, attempt, { code: 'internal', detail: 'x' })
    expect(await store.trainings.claim(id)).toBeNull()
    expect(await store.trainings.claim('tr_unknown')).toBeNull()
  })

  test('a training whose worker was lost before it heard of the cancel ends at the next claim', async () => {
    const { id } = await addRunning(store)
    await store.trainings.requestCancel(id)
    expect(await store.trainings.claim(id)).toBeNull()
    expect(await store.trainings.get(id)).toMatchObject({ status: 'cancelled', finishedAt: expect.any(Date) })
    expect(await finishedEvents(id)).toHaveLength(1)
  })
})

describe('fencing: after a newer claim the older attempt', () => {
  const lost = async () => {
    const { id, attempt } = await addRunning(store)
    await store.trainings.claim(id)
    return { id, attempt, before: await store.trainings.get(id) }
  }
  const writes: [string, (id: string, attempt: number) => Promise<unknown>, false | null][] = [
    ['records no epoch', (id, attempt) => store.trainings.recordEpochs(id, attempt, [epochRow(1, 0.5)], 7), false],
    [
      'saves no checkpoint',
      (id, attempt) => store.trainings.saveCheckpoint(id, attempt, 'last', { blobKey: 'k' }),
      false,
    ],
    ['does not succeed', (id, attempt) => store.trainings.succeed(id, attempt, success('k')), null],
    ['does not fail it', (id, attempt) => store.trainings.fail(id, attempt, { code: 'internal', detail: 'x' }), false],
    ['does not requeue it', (id, attempt) => store.trainings.requeue(id, attempt), false],
    ['does not cancel it', (id, attempt) => store.trainings.markCancelled(id, attempt), false],
  ]
  test.each(writes)('%s', async (_, write, answer) => {
    const { id, attempt, before } = await lost()
    expect(await write(id, attempt)).toBe(answer)
    expect(await store.trainings.get(id)).toEqual(before)
    expect(await store.trainings.events(id, 0)).toEqual([])
    expect(await store.trainings.checkpoints(id)).toEqual([])
    await expect(store.versions.latest(before.model)).rejects.toEqual(code('model_not_trained'))
  })

  test('after the end the current attempt writes nothing either', async () => {
    const { id, attempt } = await addRunning(store)
    await store.trainings.succeed(id, attempt, success('k'))
    const after = await store.trainings.get(id)
    expect(await store.trainings.recordEpochs(id, attempt, [epochRow(1, 0.5)], 7)).toBe(false)
    expect(await store.trainings.fail(id, attempt, { code: 'internal', detail: 'x' })).toBe(false)
    expect(await store.trainings.fail(id, null, { code: 'internal', detail: 'x' })).toBe(false)
    expect(await store.trainings.get(id)).toEqual(after)
  })
})

describe('recordEpochs', () => {
  test('sets epoch and steps and writes an event', async () => {
    const { id, attempt } = await addRunning(store)
    expect(await store.trainings.recordEpochs(id, attempt, [epochRow(1, 0.5)], 7)).toBe(true)
    expect(await store.trainings.get(id)).toMatchObject({ epoch: 1, steps: 7 })
    expect(await store.trainings.events(id, 0)).toEqual([{ seq: 1, type: 'epoch', data: epochRow(1, 0.5) }])
  })

  test('C54: a loss that is not finite is null in the history, and the row stays whole', async () => {
    const { id, attempt } = await addRunning(store)
    const history = { ...epochRow(1, Number.NaN), val_loss: Number.POSITIVE_INFINITY, accuracy: 0.5 }
    await store.trainings.recordEpochs(id, attempt, [history], 7)
    expect(await store.trainings.history(id)).toEqual([{ ...history, loss: null, val_loss: null }])
  })

  test('an epoch that a later attempt runs again is told once, with the new numbers', async () => {
    const { id, attempt } = await addRunning(store)
    await store.trainings.recordEpochs(id, attempt, [epochRow(1, 0.5)], 7)
    await store.trainings.recordEpochs(id, attempt, [epochRow(2, 0.4)], 14)
    const second = await store.trainings.claim(id)
    await store.trainings.recordEpochs(id, second?.attempt ?? 0, [epochRow(2, 0.3)], 14)
    await store.trainings.recordEpochs(id, second?.attempt ?? 0, [epochRow(3, 0.2)], 21)
    expect(await store.trainings.history(id)).toEqual([epochRow(1, 0.5), epochRow(2, 0.3), epochRow(3, 0.2)])
    expect((await store.trainings.events(id, 0)).map((event) => event.seq)).toEqual([1, 2, 3])
  })

  test('several epochs are kept at once, each with its event, those run again without a second one', async () => {
    const { id, attempt } = await addRunning(store)
    await store.trainings.recordEpochs(id, attempt, [epochRow(1, 0.5), epochRow(2, 0.4)], 14)
    await store.trainings.recordEpochs(id, attempt, [epochRow(2, 0.3), epochRow(3, 0.2), epochRow(4, 0.1)], 28)
    expect(await store.trainings.events(id, 0)).toMatchObject([
      { seq: 1, data: epochRow(1, 0.5) },
      { seq: 2, data: epochRow(2, 0.3) },
      { seq: 3, data: epochRow(3, 0.2) },
      { seq: 4, data: epochRow(4, 0.1) },
    ])
    expect(await store.trainings.get(id)).toMatchObject({ epoch: 4, steps: 28 })
  })

  test('progress does not go back when epochs are run again', async () => {
    const { id, attempt } = await addRunning(store)
    await store.trainings.recordEpochs(id, attempt, [epochRow(5, 0.5)], 35)
    await store.trainings.recordEpochs(id, attempt, [epochRow(4, 0.5)], 28)
    expect(await store.trainings.get(id)).toMatchObject({ epoch: 5, steps: 35 })
  })

  test('epochs recorded at once are counted one after the other', async () => {
    const { id, attempt } = await addRunning(store)
    const epochs = Array.from({ length: 12 }, (_, i) => i + 1)
    await Promise.all(epochs.map((epoch) => store.trainings.recordEpochs(id, attempt, [epochRow(epoch, 1)], epoch)))
    expect((await store.trainings.events(id, 0)).map((event) => event.seq)).toEqual(epochs)
  })
})

describe('saveCheckpoint', () => {
  const put = async (key: string) => {
    await store.blobs.put(key, new Uint8Array([1]))
    return { blobKey: key, epoch: 1 }
  }

  test('keeps best and last with what was told of them', async () => {
    const { id, attempt } = await addRunning(store)
    await store.trainings.saveCheckpoint(id, attempt, 'last', await put(`${id}/last-1`))
    await store.trainings.saveCheckpoint(id, attempt, 'best', await put(`${id}/best-1`))
    expect(await store.trainings.checkpoints(id)).toMatchObject([
      { kind: 'best', blobKey: `${id}/best-1`, info: { epoch: 1 } },
      { kind: 'last', blobKey: `${id}/last-1` },
    ])
  })

  test('the next one takes its place, and the old blob is deleted', async () => {
    const { id, attempt } = await addRunning(store)
    await store.trainings.saveCheckpoint(id, attempt, 'last', await put(`${id}/last-1`))
    await store.trainings.saveCheckpoint(id, attempt, 'last', await put(`${id}/last-2`))
    expect(await store.trainings.checkpoints(id)).toMatchObject([{ kind: 'last', blobKey: `${id}/last-2` }])
    expect(await store.blobs.exists(`${id}/last-1`)).toBe(false)
    expect(await store.blobs.exists(`${id}/last-2`)).toBe(true)
  })

  test('a blob that is both best and last stays while one of them needs it', async () => {
    const { id, attempt } = await addRunning(store)
    const shared = await put(`${id}/1`)
    await store.trainings.saveCheckpoint(id, attempt, 'best', shared)
    await store.trainings.saveCheckpoint(id, attempt, 'last', shared)
    await store.trainings.saveCheckpoint(id, attempt, 'last', await put(`${id}/2`))
    expect(await store.blobs.exists(`${id}/1`)).toBe(true)
  })
})

describe('succeed', () => {
  test('publishes version 1 with the training’s metrics and writes one finished event', async () => {
    const { id, attempt, model } = await addRunning(store)
    expect(await store.trainings.succeed(id, attempt, success('versions/a'))).toBe(1)
    expect(await store.trainings.get(id)).toMatchObject({ status: 'succeeded', version: 1, device: 'cpu', error: null })
    expect(await store.versions.latest(model)).toMatchObject({
      version: 1,
      training: id,
      source: 'training',
      blobKey: 'versions/a',
      metrics: { test: { accuracy: 0.9 } },
    })
    expect(await finishedEvents(id)).toMatchObject([{ data: { status: 'succeeded', version: 1 } }])
  })

  test('twenty trainings of one model at once get the numbers 1 to 20', async () => {
    const model = await addModel(store)
    const running = await Promise.all(Array.from({ length: 20 }, () => addRunning(store, model)))
    const numbers = await Promise.all(
      running.map(({ id, attempt }) => store.trainings.succeed(id, attempt, success(`versions/${id}`))),
    )
    expect(numbers.toSorted((a, b) => Number(a) - Number(b))).toEqual(Array.from({ length: 20 }, (_, i) => i + 1))
  })

  test('is all or nothing: where the end of the training cannot be written, there is no version', async () => {
    const { id, attempt, model } = await addRunning(store)
    // a text in PostgreSQL holds no NUL character: the version is written before, and must go again
    const bad = { ...success('versions/b'), device: '\0' }
    await expect(store.trainings.succeed(id, attempt, bad)).rejects.toThrow()
    await expect(store.versions.latest(model)).rejects.toEqual(code('model_not_trained'))
    expect(await store.trainings.get(id)).toMatchObject({ status: 'running', version: null })
  })

  test('after an accepted cancel the training is cancelled and nothing is published', async () => {
    const { id, attempt, model } = await addRunning(store)
    await store.trainings.requestCancel(id)
    expect(await store.trainings.succeed(id, attempt, success('versions/c'))).toBeNull()
    expect(await store.trainings.get(id)).toMatchObject({ status: 'cancelled', version: null })
    await expect(store.versions.latest(model)).rejects.toEqual(code('model_not_trained'))
  })

  test('of several ends at once one counts, with one finished event', async () => {
    const { id, attempt } = await addRunning(store)
    const { trainings } = store
    await Promise.all([
      trainings.succeed(id, attempt, success('versions/d')),
      trainings.fail(id, attempt, { code: 'internal', detail: 'x' }),
      trainings.fail(id, null, { code: 'training_crashed', detail: 'x' }),
      trainings.markCancelled(id, attempt),
    ])
    expect(await finishedEvents(id)).toHaveLength(1)
  })
})

describe('fail', () => {
  test('keeps code and detail', async () => {
    const { id, attempt } = await addRunning(store)
    const error = { code: 'loss_not_finite', detail: 'epoch 3: the loss is NaN' }
    expect(await store.trainings.fail(id, attempt, error)).toBe(true)
    expect(await store.trainings.get(id)).toMatchObject({ status: 'failed', error, finishedAt: expect.any(Date) })
  })

  test('without an attempt it ends whatever state the training is in', async () => {
    const { id } = await addTraining(store)
    expect(await store.trainings.fail(id, null, { code: 'training_crashed', detail: 'SIGSEGV' })).toBe(true)
    expect(await store.trainings.get(id)).toMatchObject({ status: 'failed' })
  })
})

describe('requeue', () => {
  test('gives the training back with its history, and the next claim goes on', async () => {
    const { id, attempt } = await addRunning(store)
    await store.trainings.recordEpochs(id, attempt, [epochRow(1, 0.5)], 7)
    expect(await store.trainings.requeue(id, attempt)).toBe(true)
    expect(await store.trainings.get(id)).toMatchObject({ status: 'queued', epoch: 1, finishedAt: null })
    expect(await store.trainings.claim(id)).toMatchObject({ attempt: attempt + 1 })
  })

  test('with a cancel asked for the training ends instead', async () => {
    const { id, attempt } = await addRunning(store)
    await store.trainings.requestCancel(id)
    expect(await store.trainings.requeue(id, attempt)).toBe(true)
    expect(await store.trainings.get(id)).toMatchObject({ status: 'cancelled' })
  })
})

describe('requestCancel', () => {
  test('a queued training ends at once', async () => {
    const { id } = await addTraining(store)
    expect(await store.trainings.requestCancel(id)).toMatchObject({ status: 'cancelled', finishedAt: expect.any(Date) })
    expect(await finishedEvents(id)).toMatchObject([{ seq: 1, data: { status: 'cancelled' } }])
  })

  test('a running training goes on until its worker ends it', async () => {
    const { id, attempt } = await addRunning(store)
    expect(await store.trainings.requestCancel(id)).toMatchObject({ status: 'running', cancelRequested: true })
    const stopped = { reason: 'cancelled', epoch: 3, best_epoch: 2 }
    expect(await store.trainings.markCancelled(id, attempt, stopped)).toBe(true)
    expect(await store.trainings.get(id)).toMatchObject({ status: 'cancelled', stopped })
  })

  test('asking a second time is accepted while it runs', async () => {
    const { id } = await addRunning(store)
    await store.trainings.requestCancel(id)
    expect(await store.trainings.requestCancel(id)).toMatchObject({ status: 'running' })
  })

  const ends: [string, (id: string, attempt: number) => Promise<unknown>][] = [
    ['succeeded', (id, attempt) => store.trainings.succeed(id, attempt, success('versions/e'))],
    ['failed', (id, attempt) => store.trainings.fail(id, attempt, { code: 'internal', detail: 'x' })],
    ['cancelled', (id, attempt) => store.trainings.markCancelled(id, attempt)],
  ]
  test.each(ends)('a training that has %s is training_ended', async (_, end) => {
    const { id, attempt } = await addRunning(store)
    await end(id, attempt)
    const before = await store.trainings.get(id)
    await expect(store.trainings.requestCancel(id)).rejects.toEqual(code('training_ended'))
    expect(await store.trainings.get(id)).toEqual(before)
  })

  test('an unknown training is training_not_found', async () => {
    await expect(store.trainings.requestCancel('tr_unknown')).rejects.toEqual(code('training_not_found'))
  })
})
