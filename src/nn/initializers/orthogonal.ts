/** Initial weights whose columns (or rows, whichever are fewer) are orthogonal and of the same length. */
import { Type } from 'typebox'
import type { Random } from '../../random.ts'
import { NameOf } from '../named.ts'
import { Seed, Strict } from '../strict.ts'
import { defineInitializer } from './initializer.ts'

/**
 * `gain` times the Q of the QR decomposition (R's diagonal positive) of normal numbers. Weights with more than two axes are
 * taken as matrices [product of the others, last axis].
 * @see Saxe et al. 2014, https://keras.io/api/layers/initializers/#orthogonal-class
 */
export const orthogonal = defineInitializer({
  config: Strict({
    name: NameOf('orthogonal', 'Orthogonal', 'OrthogonalInitializer'),
    gain: Type.Number({ default: 1 }),
    seed: Seed,
  }),
  misfit: (_config, shape) => (shape.length < 2 ? 'the initializer orthogonal asks for two axes at least' : null),
  create: ({ gain }, shape, random) => {
    const columns = shape.at(-1) ?? 1
    const rows = shape.slice(0, -1).reduce((product, length) => product * length, 1)
    const vectors = orthonormal(Math.min(rows, columns), Math.max(rows, columns), random)
    const at =
      rows >= columns ? (row: number, column: number) => [column, row] : (row: number, column: number) => [row, column]
    const values = new Float32Array(rows * columns)
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        const [vector = 0, place = 0] = at(row, column)
        values[row * columns + column] = gain * (vectors[vector]?.[place] ?? 0)
      }
    }
    return values
  },
})

/** `count` orthonormal vectors of `length` ≥ count, by the modified Gram-Schmidt process in float64. */
function orthonormal(count: number, length: number, random: Random): Float64Array[] {
  const vectors = Array.from({ length: count }, () => Float64Array.from({ length }, () => random.normal()))
  vectors.forEach((vector, i) => {
    scale(vector, 1 / Math.sqrt(dot(vector, vector)))
    for (const later of vectors.slice(i + 1)) subtract(later, vector, dot(later, vector))
  })
  return vectors
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number)
  return sum
}

function scale(vector: Float64Array, factor: number): void {
  for (let i = 0; i < vector.length; i++) vector[i] = (vector[i] as number) * factor
}

function subtract(from: Float64Array, vector: Float64Array, factor: number): void {
  for (let i = 0; i < from.length; i++) from[i] = (from[i] as number) - factor * (vector[i] as number)
}
