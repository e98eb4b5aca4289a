import { expect, test } from 'vitest'
import { losses } from '../../src/nn/losses/index.ts'
import { allclose } from '../support/allclose.ts'
import { type SmallTraining, trainSmall } from '../support/train.ts'

const x = Array.from({ length: 24 }, (_, row) => [Math.sin(row), Math.cos(1.7 * row)])
const classes = x.map(([a = 0, b = 0]) => (a > 0.3 ? 0 : b > 0 ? 1 : 2))
const sides = x.map(([a = 0]) => Number(a > 0))
const counts = x.map(([a = 0, b = 0]) => Math.round(3 + a + b))

/** The network and the targets that suit a loss. */
function suited(name: string): Pick<SmallTraining, 'layers' | 'y'> {
  const kind = losses[name]?.targetKind
  const head = (units: number, activation: string) => [{ type: 'Dense', units, activation }]
  if (kind === 'binary') return { layers: head(1, losses[name]?.fromLogits ? 'sigmoid' : 'tanh'), y: sides }
  if (kind === 'number') return { layers: head(1, 'softplus'), y: counts }
  return { layers: head(3, 'softmax'), y: classes }
}

test.each(Object.keys(losses))('%s goes down in a training, and is the same in validation', async (name) => {
  const optimizer = { name: 'adam', learning_rate: 0.05 }
  const { history } = await trainSmall({ ...suited(name), x, loss: name, optimizer, epochs: 40, batchSize: 8 })
  expect(history[39]?.loss).toBeLessThan(history[0]?.loss as number)
  const still = { name: 'sgd', learning_rate: 0 }
  const { history: validated } = await trainSmall({ ...suited(name), x, loss: name, optimizer: still, validate: true })
  allclose([validated[0]?.val_loss as number], [validated[0]?.loss as number], { relative: 1e-5 })
})
