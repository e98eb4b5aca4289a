/** Vitest's global set-up: a folder for the one PostgreSQL of this run, which starts when a test first needs it. */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { stopTestPostgres } from './postgres.ts'

declare module 'vitest' {
  interface ProvidedContext {
    postgresFolder: string
  }
}

export default async function provideFolder(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'fitserve-test-'))
  project.provide('postgresFolder', folder)
  return async () => {
    await stopTestPostgres(folder)
    await rm(folder, { recursive: true, force: true })
  }
}
