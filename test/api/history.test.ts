/** The history of a training as CSV and as curves. */
import { expect, test } from 'vitest'
import { drawCurves, ticks } from '../../src/api/chart.ts'
import { curvesOf, historyCsv } from '../../src/api/history.ts'

const rows = [
  { epoch: 1, loss: 0.5, accuracy: 0.25, val_loss: 0.75, val_accuracy: 0.5, learning_rate: 0.001, seconds: 0.1 },
  { epoch: 2, loss: null, accuracy: 0.5, val_loss: null, val_accuracy: 0.5, learning_rate: 0.001, seconds: 0.2 },
]

test('CSV has a header, measures as Keras names them, and an empty cell for a loss that was NaN', () => {
  expect(historyCsv(rows)).toBe(
    'epoch,loss,accuracy,val_loss,val_accuracy,learning_rate,seconds\r\n' +
      '1,0.5,0.25,0.75,0.5,0.001,0.1\r\n2,,0.5,,0.5,0.001,0.2\r\n',
  )
})

test('CSV of a training without epochs is its header', () => {
  expect(historyCsv([])).toBe('epoch,learning_rate,seconds\r\n')
})

test('curves pair a measure with its validation', () => {
  expect(curvesOf(rows).map(({ measure, train, validation }) => [measure, train.length, validation.length])).toEqual([
    ['loss', 1, 1],
    ['accuracy', 2, 2],
  ])
})

test('the picture has a panel for each measure and escapes what it is told', () => {
  const svg = drawCurves(curvesOf(rows), { title: 'a <b> & "c"', subtitle: 'x', bestEpoch: 2 })
  expect(svg.match(/class="panel"/g)).toHaveLength(2)
  expect(svg).toContain('a &lt;b&gt; &amp; &quot;c&quot;')
  expect(svg).not.toContain('NaN')
})

test('the picture of no epochs says so', () => {
  expect(drawCurves([], { title: 't', subtitle: 's', bestEpoch: null })).toContain('No epoch has finished yet')
})

test.each([
  [0.13, 1.1, [0, 0.2, 0.4, 0.6, 0.8, 1, 1.2]],
  [3, 3, [3, 4]],
  [0, 0, [0, 0.2]],
])('ticks from %d to %d enclose both', (low, high, expected) => {
  const found = ticks(low, high, 5)
  expect(found.at(0)).toBeLessThanOrEqual(low)
  expect(found.at(-1)).toBeGreaterThanOrEqual(high)
  if (low < high) expect(found).toEqual(expected)
})
