/** Writes the history of a running training in batches, so that a fast epoch does not wait for the database. */

import type { HistoryRow } from '../store/schema.ts'

/** Writes rows under the caller's attempt; false when that is no longer the current one. */
export type RecordEpochs = (rows: HistoryRow[], steps: number) => Promise<boolean>

export interface EpochWriter {
  /** Keeps a row; writes all that are kept when the last write is long enough ago. */
  add(row: HistoryRow, steps: number): Promise<void>
  /** Writes what is left. */
  flush(): Promise<void>
  /** The attempt is no longer the current one: stop without writing. */
  readonly lost: boolean
}

/** Often enough for eyes, seldom enough for epochs of a millisecond. */
const WRITE_EVERY_MS = 50

/**
 * A batch writes in the background; the next one waits for it, so that memory stays bounded and a lost attempt is
 * noticed. The first epoch is written at once.
 */
export function createEpochWriter(record: RecordEpochs, everyMs = WRITE_EVERY_MS): EpochWriter {
  let rows: HistoryRow[] = []
  let lastSteps = 0
  let writtenAt = Number.NEGATIVE_INFINITY
  let writing: Promise<void> = Promise.resolve()
  let lost = false
  let failure: { error: unknown } | undefined

  const write = async () => {
    await writing
    if (failure !== undefined) throw failure.error
    if (rows.length === 0 || lost) return
    const batch = rows
    rows = []
    writtenAt = performance.now()
    writing = record(batch, lastSteps).then(
      (held) => {
        lost ||= !held
      },
      (error: unknown) => {
        failure = { error }
      },
    )
  }
  return {
    get lost() {
      return lost
    },
    async add(row, steps) {
      rows.push(row)
      lastSteps = steps
      if (performance.now() - writtenAt >= everyMs) await write()
    },
    async flush() {
      await write()
      await writing
      if (failure !== undefined) throw failure.error
    },
  }
}
