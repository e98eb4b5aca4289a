import { expect, test } from 'vitest'
import { layoutOf, pack, unpack } from '../../src/training/layout.ts'

const weights = [
  { name: 'a/kernel', shape: [128, 128], trainable: true },
  { name: 'a/bias', shape: [3], trainable: true },
  { name: 'b/kernel', shape: [2, 2], trainable: false },
  { name: 'c/bias', shape: [2], trainable: true },
]

test('a large weight is alone, small ones share a vector, frozen ones stand apart', () => {
  const members = layoutOf(weights).map(({ trainable, members }) => [trainable, members.map(({ name }) => name)])
  expect(members).toEqual([
    [true, ['a/kernel']],
    [true, ['a/bias', 'c/bias']],
    [false, ['b/kernel']],
  ])
})

test('what is packed comes out again', () => {
  const layout = layoutOf(weights)
  const values = new Map(
    weights.map(({ name, shape }, i) => [name, new Float32Array(shape.reduce((a, b) => a * b)).fill(i + 1)]),
  )
  expect(unpack(layout, pack(layout, values))).toEqual(new Map([...values].sort((a, b) => order(a[0]) - order(b[0]))))
  function order(name: string) {
    return ['a/kernel', 'a/bias', 'c/bias', 'b/kernel'].indexOf(name)
  }
})

test('a weight of another size is refused by name', () => {
  const layout = layoutOf(weights.slice(1, 2))
  expect(() => pack(layout, new Map([['a/bias', new Float32Array(4)]]))).toThrow('a/bias has 4 elements, expected 3')
})
