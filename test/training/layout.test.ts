import { expect, test } from 'vitest'
import { layoutOf, pack, unpack } from '../../src/training/layout.ts'

const weights = [
  { name: 'a/kernel', shape: [128, 128], trainable: true, moving: false },
  { name: 'a/bias', shape: [3], trainable: true, moving: false },
  { name: 'b/kernel', shape: [2, 2], trainable: false, moving: false },
  { name: 'd/mean', shape: [2], trainable: false, moving: true },
  { name: 'c/bias', shape: [2], trainable: true, moving: false },
]

test('a large weight is alone, small ones share a vector, moving and frozen ones stand apart', () => {
  const members = layoutOf(weights).map(({ kind, members }) => [kind, members.map(({ name }) => name)])
  expect(members).toEqual([
    ['trained', ['a/kernel']],
    ['trained', ['a/bias', 'c/bias']],
    ['moving', ['d/mean']],
    ['frozen', ['b/kernel']],
  ])
})

test('what is packed comes out again', () => {
  const layout = layoutOf(weights)
  const values = new Map(
    weights.map(({ name, shape }, i) => [name, new Float32Array(shape.reduce((a, b) => a * b)).fill(i + 1)]),
  )
  expect(unpack(layout, pack(layout, values))).toEqual(new Map([...values].sort((a, b) => order(a[0]) - order(b[0]))))
  function order(name: string) {
    return ['a/kernel', 'a/bias', 'c/bias', 'd/mean', 'b/kernel'].indexOf(name)
  }
})

test('a weight of another size is refused by name', () => {
  const layout = layoutOf(weights.slice(1, 2))
  expect(() => pack(layout, new Map([['a/bias', new Float32Array(4)]]))).toThrow('a/bias has 4 elements, expected 3')
})
