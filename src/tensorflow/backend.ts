/** TensorFlow.js itself, loaded when it is first asked for: with its native library where that loads, else in JavaScript alone. */
import { createRequire } from 'node:module'
import type * as Tf from '@tensorflow/tfjs'

export type TensorFlow = typeof Tf

/** `tensorflow-native`: libtensorflow; `tensorflow-cpu`: JavaScript alone, much slower. */
export type Device = 'tensorflow-native' | 'tensorflow-cpu'

export interface Backend {
  readonly tf: TensorFlow
  readonly device: Device
}

/** Opens one device. @throws {Error} where the native library is not in place */
export async function openBackend(device: Device): Promise<Backend> {
  const tf = device === 'tensorflow-native' ? await loadNative() : await loadPlain()
  const name = device === 'tensorflow-native' ? 'tensorflow' : 'cpu'
  if (!(await tf.setBackend(name))) throw new Error(`TensorFlow.js has no backend ${name}`)
  return { tf, device }
}

/** The native device where its library loads, else JavaScript. */
export async function openBestBackend(): Promise<Backend> {
  try {
    return await openBackend('tensorflow-native')
  } catch {
    // not installed, or without its library: npm leaves an optional package out where its install script fails
    return openBackend('tensorflow-cpu')
  }
}

async function loadPlain(): Promise<TensorFlow> {
  const tf = await import('@tensorflow/tfjs')
  tf.enableProdMode() // no banner that praises another backend
  return tf
}

async function loadNative(): Promise<TensorFlow> {
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '2' // no lines about the instructions of this processor
  restoreRemoved()
  // optional, so its types may be missing: it has all that `@tensorflow/tfjs` has, on the same engine
  const name: string = '@tensorflow/tfjs-node'
  return (await import(name)) as TensorFlow
}

/** Functions of `node:util` that Node 23 took away and tfjs-node 4.22 calls. */
function restoreRemoved(): void {
  const util = createRequire(import.meta.url)('node:util') as Record<string, unknown>
  util.isNullOrUndefined ??= (value: unknown) => value === null || value === undefined
  util.isArray ??= Array.isArray
}
