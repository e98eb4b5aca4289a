/** The table of peers: the program of each, and the name of its row. The engine itself is the first. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'

export interface Peer {
  /** Command and arguments; the task follows as the next argument, then `extra`. */
  readonly command: readonly string[]
  readonly extra?: readonly string[]
}

const here = import.meta.dirname
/** Where the sources lie: this file runs from dist/bench/peers. */
const source = join(here, here.includes(join('dist', 'bench')) ? '../../../bench' : '..')
const venvPython = join(source, '.venv/bin/python')
const python = existsSync(venvPython) ? venvPython : 'python3'
const program = (name: string) => [process.execPath, join(here, `${name}.js`)]

export const peers = {
  fitserve: { command: program('fitserve') },
  prototype: { command: program('prototype') },
  pytorch: { command: [python, join(source, 'peers/pytorch.py')] },
  jax: { command: [python, join(source, 'peers/jax_scan.py')] },
  'tfjs-native': { command: program('tensorflow-js'), extra: ['tensorflow'] },
  'tfjs-wasm': { command: program('tensorflow-js'), extra: ['wasm'] },
  'tfjs-cpu': { command: program('tensorflow-js'), extra: ['cpu'] },
} satisfies Record<string, Peer>

export type PeerName = keyof typeof peers
