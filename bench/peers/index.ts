/** The table of peers: the program of each, one line. The engine itself is the first. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'

export interface PeerProgram {
  /** Command and arguments; the task follows as the next argument, then `extra`. */
  readonly command: readonly string[]
  readonly extra?: readonly string[]
}

const here = import.meta.dirname
/** Where the sources lie: this file runs from dist/bench/peers. */
const source = join(here, here.includes(join('dist', 'bench')) ? '../../../bench' : '..')
const venvPython = join(source, '.venv/bin/python')
const node = (name: string, ...extra: string[]): PeerProgram => ({
  command: [process.execPath, join(here, `${name}.js`)],
  extra,
})
const python = (name: string, ...extra: string[]): PeerProgram => ({
  command: [existsSync(venvPython) ? venvPython : 'python3', join(source, `peers/${name}.py`)],
  extra,
})

export const peers = {
  fitserve: node('fitserve'),
  prototype: node('prototype'),
  pytorch: python('pytorch', 'eager'),
  'pytorch-fused': python('pytorch', 'fused'),
  'pytorch-compile': python('pytorch', 'compile'),
  'pytorch-channels-last': python('pytorch', 'channels-last'),
  jax: python('jax_jit', 'scan'),
  'jax-step': python('jax_jit', 'step'),
  'keras-tensorflow': python('keras_fit', 'tensorflow'),
  'keras-jax': python('keras_fit', 'jax'),
  'keras-torch': python('keras_fit', 'torch'),
  'tfjs-native': node('tensorflow-js', 'tensorflow'),
  'tfjs-wasm': node('tensorflow-js', 'wasm'),
  'tfjs-cpu': node('tensorflow-js', 'cpu'),
} satisfies Record<string, PeerProgram>

export type PeerName = keyof typeof peers
