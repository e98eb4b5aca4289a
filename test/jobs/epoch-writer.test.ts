import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { createEpochWriter } from '../../src/jobs/epoch-writer.ts'
import { epochRow } from '../support/rows.ts'

/** A writer whose batches are kept as the epochs they hold; `held` is what the record answers. */
function writerOf(everyMs: number, held = true, delayMs = 0) {
  const batches: { epochs: number[]; steps: number }[] = []
  const writer = createEpochWriter(async (rows, steps) => {
    await sleep(delayMs)
    batches.push({ epochs: rows.map((row) => row.epoch), steps })
    return held
  }, everyMs)
  return { writer, batches }
}

test('the first epoch is written at once', async () => {
  const { writer, batches } = writerOf(1000)
  await writer.add(epochRow(1, 0.5), 10)
  await sleep(5)
  expect(batches).toEqual([{ epochs: [1], steps: 10 }])
})

test('fast epochs are written together', async () => {
  const { writer, batches } = writerOf(1000)
  for (let epoch = 1; epoch <= 5; epoch++) await writer.add(epochRow(epoch, 0.5), epoch * 10)
  await writer.flush()
  expect(batches).toEqual([
    { epochs: [1], steps: 10 },
    { epochs: [2, 3, 4, 5], steps: 50 },
  ])
})

test('slow epochs are written one by one', async () => {
  const { writer, batches } = writerOf(0)
  for (let epoch = 1; epoch <= 3; epoch++) await writer.add(epochRow(epoch, 0.5), epoch)
  await writer.flush()
  expect(batches.map((batch) => batch.epochs)).toEqual([[1], [2], [3]])
})

test('batches keep their order while the record is slow', async () => {
  const { writer, batches } = writerOf(0, true, 20)
  for (let epoch = 1; epoch <= 4; epoch++) await writer.add(epochRow(epoch, 0.5), epoch)
  await writer.flush()
  expect(batches.flatMap((batch) => batch.epochs)).toEqual([1, 2, 3, 4])
})

test('nothing more is written once the attempt is lost', async () => {
  const { writer, batches } = writerOf(0, false)
  await writer.add(epochRow(1, 0.5), 1)
  await writer.flush()
  expect(writer.lost).toBe(true)
  await writer.add(epochRow(2, 0.5), 2)
  await writer.flush()
  expect(batches).toHaveLength(1)
})

test('an error of the record is thrown by the next call, not lost', async () => {
  const writer = createEpochWriter(() => Promise.reject(new Error('the database went away')), 0)
  await writer.add(epochRow(1, 0.5), 1)
  await expect(writer.flush()).rejects.toThrow('the database went away')
})
