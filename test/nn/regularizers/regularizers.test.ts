import { expect, test } from 'vitest'
import { type Given, resolveNamed } from '../../../src/nn/named.ts'
import { regularizers } from '../../../src/nn/regularizers/index.ts'

test.each<readonly [Given, object]>([
  ['l1', { name: 'l1', l1: 0.01 }],
  ['L2', { name: 'l2', l2: 0.01 }],
  ['l1_l2', { name: 'l1_l2', l1: 0, l2: 0 }],
  [{ name: 'l1l2', l2: 0.5 } as Given, { name: 'l1_l2', l1: 0, l2: 0.5 }],
])("%j has Keras' default factors", (given, resolved) => {
  expect(resolveNamed(regularizers, given)).toEqual(resolved)
})
