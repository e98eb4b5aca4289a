/** Flydrive's driver for files, with a `put` that is whole or nothing: temporary name, fsync, rename. */

import { randomUUID } from 'node:crypto'
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { FSDriver } from 'flydrive/drivers/fs'

// On the same file system as the files, as rename demands.
const UNFINISHED = '.unfinished'
const DAY_MS = 24 * 3600 * 1000

class DurableFiles extends FSDriver {
  readonly #root: string

  constructor(root: string) {
    super({ location: root, visibility: 'private' })
    this.#root = root
  }

  override async put(key: string, contents: string | Uint8Array): Promise<void> {
    const unfinished = join(this.#root, UNFINISHED, randomUUID())
    const place = join(this.#root, key)
    try {
      await writeSynced(unfinished, contents)
      await mkdir(dirname(place), { recursive: true, mode: 0o700 })
      await rename(unfinished, place)
    } catch (error) {
      await rm(unfinished, { force: true })
      throw error
    }
    await syncFolder(dirname(place))
  }

  /** Flydrive's own gives the whole buffer that Node may have read a small file into. */
  override async getBytes(key: string): Promise<Uint8Array> {
    return new Uint8Array(await readFile(join(this.#root, key)))
  }
}

async function writeSynced(path: string, contents: string | Uint8Array): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    await file.writeFile(contents)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** Makes a rename in the folder last through a loss of power. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

/** Opens (and makes) the folder, and clears what a crash left unfinished more than a day ago. */
export async function openDurableFiles(root: string): Promise<FSDriver> {
  const unfinished = join(root, UNFINISHED)
  await mkdir(unfinished, { recursive: true, mode: 0o700 })
  for (const name of await readdir(unfinished)) {
    const path = join(unfinished, name)
    const { mtimeMs } = await stat(path)
    if (Date.now() - mtimeMs > DAY_MS) await rm(path, { force: true })
  }
  return new DurableFiles(root)
}
