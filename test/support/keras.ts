/** Reads the vectors that Keras made (test/fixtures/keras/make.py). */
import { readFileSync } from 'node:fs'

/** The text of a fixture. */
export function kerasText(name: string): string {
  return readFileSync(new URL(`../fixtures/keras/${name}`, import.meta.url), 'utf8')
}

/** A JSON fixture; the caller names what the script wrote. */
export function kerasFixture<T>(name: string): T {
  return JSON.parse(kerasText(name)) as T
}

/** A nested list of numbers, as NumPy writes arrays. */
export type Nested = number | readonly Nested[]

/** The lengths of the axes of a nested list. */
export function shapeOf(value: Nested): number[] {
  return typeof value === 'number' ? [] : [value.length, ...shapeOf(value[0] ?? 0)]
}

/** Its numbers in row-major order. */
export function flat(value: Nested): number[] {
  return typeof value === 'number' ? [value] : value.flatMap(flat)
}
