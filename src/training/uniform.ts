/**
 * Uniform random numbers inside of the graph, as a function of (seed, step, site, place): a resumed training draws the same
 * masks. The generator is `createRandom` of `src/random.ts`: hash32(key ^ hash32(counter)); ONNX Runtime's own random
 * operators keep their state in the session and start anew with it.
 */

import type { Builder } from '../onnx/builder.ts'
import { tensorOf } from '../onnx/tensor.ts'
import type { Real, Value } from '../onnx/value.ts'
import { deriveKey } from '../random.ts'

type Word = Value<'uint32'>

const word = (op: Builder, value: number): Word => op.constant(tensorOf('uint32', [value], []))

/** `hash32` of `src/random.ts`, element by element; uint32 products wrap around in ONNX Runtime as in C. */
function hash(op: Builder, x: Word): Word {
  const shift = (value: Word, by: number) => op.BitShift(value, word(op, by), { direction: 'RIGHT' })
  const first = op.Mul(op.BitwiseXor(x, shift(x, 16)), word(op, 0x7feb352d))
  const second = op.Mul(op.BitwiseXor(first, shift(first, 15)), word(op, 0x846ca68b))
  return op.BitwiseXor(second, shift(second, 16))
}

/** The key of a step: what `keys` feeds. */
export function stepKey(seed: number, step: number): number {
  return deriveKey('noise', seed, step)
}

/**
 * Uniform float32 in [0, 1) of the shape of `like` (24 bits of resolution).
 * `key` is a scalar, new in every step; `site` names the place of use, so that two layers draw different numbers. The hash
 * of the counters is the same in every step, so it stands in `outer`, the graph around the body of the Scan, where the
 * number of elements (`count`, from the batch there) is known.
 */
export function uniformLike(op: Builder, like: Real, key: Word, site: string, counters: Word): Value<'float32'> {
  const siteKey = op.BitwiseXor(key, word(op, deriveKey('site', site)))
  const bits = hash(op, op.BitwiseXor(op.Reshape(counters, op.Shape(like, {})), siteKey))
  const high = op.Cast(op.BitShift(bits, word(op, 8), { direction: 'RIGHT' }), { to: 'float32' })
  return op.Mul(high, op.constant(tensorOf('float32', [2 ** -24], [])))
}

/** The hashed counters 0 … count-1 for `uniformLike`, in the graph around the Scan. `count` is an int64 scalar. */
export function hashedCounters(op: Builder, count: Value<'int64'>): Word {
  const zero = op.constant(tensorOf('int64', [0], []))
  const one = op.constant(tensorOf('int64', [1], []))
  return hash(op, op.Cast(op.Range(zero, count, one), { to: 'uint32' }))
}
