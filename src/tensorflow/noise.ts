/** The random numbers of the first engine (src/training/uniform.ts), computed outside of a graph: the same draws in both. */
import { deriveKey, hash32 } from '../random.ts'

/** The draws of one step: `count` numbers in [0, 1), of 24 bits, for a purpose. */
export type Draw = (count: number, purpose: string) => Float32Array

export function drawsOf(seed: number, step: number): Draw {
  const key = deriveKey('noise', seed, step)
  return (count, purpose) => {
    const own = (key ^ deriveKey('site', purpose)) >>> 0
    return Float32Array.from({ length: count }, (_, i) => (hash32(hash32(i) ^ own) >>> 8) * 2 ** -24)
  }
}
