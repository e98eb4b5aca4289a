import { expect, test } from 'vitest'
import { lossOf, resolveLoss } from '../../../src/nn/losses/index.ts'
import { createBuilder } from '../../../src/onnx/builder.ts'
import { tensorOf } from '../../../src/onnx/tensor.ts'
import { newGraph, numbers, runGraph } from '../../support/graph.ts'

/** Class indices as rows, by however many classes there are. */
async function rows(classes: number, indices: number[]): Promise<number[][]> {
  const graph = newGraph()
  const y = graph.input('y', 'int32', ['steps', 'batch'])
  const loss = lossOf(resolveLoss('sparse_categorical_crossentropy'))
  const expanded = loss.expandTargets?.(createBuilder(graph), y, [classes])
  if (!expanded) throw new Error('the loss does not expand its targets')
  graph.output(expanded, 'rows')
  const found = numbers((await runGraph(graph, { y: tensorOf('int32', indices, [1, indices.length]) })).rows)
  return indices.map((_, i) => found.slice(i * classes, (i + 1) * classes))
}

const hot = (row: readonly number[]) => row.flatMap((value, i) => (value === 1 ? [i] : value === 0 ? [] : [Number.NaN]))

test.each([3, 300])(
  'each of %i classes is a row with one 1, beyond them with none, as OneHot counts',
  async (classes) => {
    const indices = [0, classes - 1, -1, -classes, classes, 2 * classes, -classes - 1, -(2 ** 31), 2 ** 31 - 1]
    const expected = [[0], [classes - 1], [classes - 1], [0], [], [], [], [], []]
    expect((await rows(classes, indices)).map(hot)).toEqual(expected)
  },
)
