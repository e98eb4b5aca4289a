/** ONNX Runtime leaves no device id behind: its telemetry is off in every process that opens a session. */
import { execFile } from 'node:child_process'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { createBuilder } from '../../src/onnx/builder.ts'
import { toBytes } from '../../src/onnx/codec.ts'
import { newGraph } from '../support/graph.ts'

const session = join(import.meta.dirname, '../../dist/src/runtime/session.js')
const program = `
  const { openSession } = await import(process.argv[1])
  const { readFileSync } = await import('node:fs')
  await (await openSession(readFileSync(process.argv[2]))).close()`

/** The files that a process leaves in its home after it opened a session. */
async function filesLeft(): Promise<string[]> {
  const home = await mkdtemp(join(tmpdir(), 'fitserve-home-'))
  try {
    const graph = newGraph()
    graph.output(createBuilder(graph).Neg(graph.input('x', 'float32', ['batch'])))
    const model = join(home, 'model.onnx')
    await writeFile(model, toBytes(graph))
    const env = {
      ...process.env,
      ORT_DISABLE_TELEMETRY: undefined,
      HOME: home,
      XDG_CACHE_HOME: undefined,
    }
    await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program, session, model], { env })
    return (await readdir(home, { recursive: true })).filter((file) => file.includes('onnxruntime/'))
  } finally {
    await rm(home, { recursive: true, force: true })
  }
}

test('a session leaves nothing in the home folder', async () => {
  expect(await filesLeft()).toEqual([])
})
