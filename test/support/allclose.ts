/** Compares numbers as numerics do: |actual - expected| ≤ absolute + relative·|expected|, element by element. */
import { expect } from 'vitest'

export interface Tolerance {
  readonly relative?: number
  readonly absolute?: number
}

/** Fails with the worst element where two lists of numbers differ by more than the tolerance; NaN is never close. */
export function allclose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  { relative = 1e-5, absolute = 1e-7 }: Tolerance = {},
): void {
  expect(actual.length, 'number of elements').toBe(expected.length)
  let worst = { excess: 0, at: -1 }
  for (let i = 0; i < expected.length; i++) {
    const [a, e] = [actual[i] as number, expected[i] as number]
    const excess = Object.is(a, e) ? 0 : Math.abs(a - e) - (absolute + relative * Math.abs(e))
    if (!(excess <= worst.excess)) worst = { excess, at: i }
    if (Number.isNaN(excess)) break
  }
  const { at } = worst
  if (at >= 0) expect.fail(`element ${at}: received ${actual[at]}, expected ${expected[at]} (relative ${relative})`)
}
