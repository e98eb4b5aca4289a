/**
 * Seeded random numbers, the same on every machine: a counter-based generator (hash of seed and counter), so that any
 * draw can be repeated without replaying the ones before it.
 * @see "lowbias32" integer hash, https://nullprogram.com/blog/2018/07/31/
 */

/** A well-mixed 32-bit hash of a 32-bit integer (bias 0.17). */
export function hash32(x: number): number {
  let h = x >>> 0
  h = Math.imul(h ^ (h >>> 16), 0x7feb352d)
  h = Math.imul(h ^ (h >>> 15), 0x846ca68b)
  return (h ^ (h >>> 16)) >>> 0
}

/** A 32-bit key for a purpose: the same parts give the same key, other parts another. Strings and integers. */
export function deriveKey(...parts: readonly (string | number)[]): number {
  let key = 0x9e3779b9
  const mix = (n: number) => {
    key = hash32(key ^ hash32((n + 0x85ebca6b) >>> 0))
  }
  for (const part of parts) {
    if (typeof part === 'number') {
      mix(part % 2 ** 32)
      mix(Math.floor(part / 2 ** 32))
    } else {
      for (let i = 0; i < part.length; i++) mix(part.charCodeAt(i))
      mix(0x1000000 + part.length)
    }
  }
  return key
}

export interface Random {
  /** Uniform in [0, 1), 32 bits of resolution. */
  uniform(): number
  /** Standard normal (Box-Muller). */
  normal(): number
  /** Uniform integer in [0, n). */
  integer(n: number): number
}

/** A stream of numbers from a key of `deriveKey`. */
export function createRandom(key: number): Random {
  let counter = 0
  let spare: number | null = null
  const uniform = () => {
    const high = hash32(key ^ hash32(counter++ >>> 0))
    return high / 2 ** 32
  }
  return {
    uniform,
    normal: () => {
      if (spare !== null) {
        const value = spare
        spare = null
        return value
      }
      const radius = Math.sqrt(-2 * Math.log(1 - uniform()))
      const angle = 2 * Math.PI * uniform()
      spare = radius * Math.sin(angle)
      return radius * Math.cos(angle)
    },
    integer: (n) => Math.floor(uniform() * n),
  }
}

/** A random order of 0 … n-1 (Fisher-Yates; Durstenfeld 1964). */
export function permutation(n: number, random: Random): Int32Array {
  const order = Int32Array.from({ length: n }, (_, i) => i)
  for (let i = n - 1; i > 0; i--) {
    const j = random.integer(i + 1)
    const kept = order[i] as number
    order[i] = order[j] as number
    order[j] = kept
  }
  return order
}
