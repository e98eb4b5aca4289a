import { expect, test } from 'vitest'
import { parseDefinition } from '../../src/nn/definition.ts'
import { lossOf, resolveLoss } from '../../src/nn/losses/index.ts'
import { resolveMetric } from '../../src/nn/metrics/index.ts'
import { buildModel, type Model } from '../../src/nn/model.ts'
import { resolveOptimizer } from '../../src/nn/optimizers/index.ts'
import { fromBytes } from '../../src/onnx/codec.ts'
import { Graph } from '../../src/onnx/graph.ts'
import type { Tensor } from '../../src/onnx/tensor.ts'
import { evaluate, type FitSettings, startOf, fit as train } from '../../src/training/fit.ts'
import type { LearnedOutput, ProgramOutput } from '../../src/training/learned-outputs.ts'
import { targetForm } from '../../src/training/model-graph.ts'
import { buildTrainingProgram } from '../../src/training/program.ts'
import { allclose } from '../support/allclose.ts'
import { tf } from '../support/oracle.ts'

const rows = 12
const xs = Float32Array.from({ length: rows * 2 }, (_, i) => Math.sin(1.3 * i))
const prices = Float32Array.from({ length: rows }, (_, i) => Math.cos(i))
const kinds = Int32Array.from({ length: rows }, (_, i) => i % 3)

const model = buildModel(
  parseDefinition({
    layers: [
      { type: 'Input', name: 'x', shape: [2] },
      { type: 'Dense', name: 'shared', units: 4, activation: 'tanh', kernel_regularizer: { name: 'l2', l2: 0.1 } },
      { type: 'Dense', name: 'price', units: 1, inputs: ['shared'] },
      { type: 'Dense', name: 'kind', units: 3, activation: 'softmax', inputs: ['shared'] },
    ],
    outputs: ['price', 'kind'],
  }),
)

const outputs: readonly LearnedOutput[] = [
  {
    ...{ name: 'price', loss: resolveLoss('mean_squared_error'), lossWeight: 0.5, metricKind: 'number' },
    metrics: [resolveMetric('mean_absolute_error')],
  },
  {
    ...{ name: 'kind', loss: resolveLoss('sparse_categorical_crossentropy'), lossWeight: 2, metricKind: 'class_index' },
    ...{ metrics: [resolveMetric('accuracy')], labels: ['a', 'b', 'c'] },
  },
]

const part = {
  rows,
  x: { type: 'float32', dims: [rows, 2], data: xs } satisfies Tensor,
  y: { type: 'float32', dims: [rows, 1], data: prices } satisfies Tensor,
  otherTargets: [{ type: 'int32', dims: [rows], data: kinds } satisfies Tensor],
}

const sgd = (rate: number) => resolveOptimizer({ name: 'sgd', learning_rate: rate } as { name: string })

const settings: FitSettings = {
  ...{ model, outputs, train: part, validation: part, loss: (outputs[0] as LearnedOutput).loss },
  ...{ metrics: [], metricKind: 'number', optimizer: sgd(0.1) },
  ...{ epochs: 3, batchSize: 4, shuffle: false, seed: 7, providers: ['cpu'], threads: 1 },
}

/** The same training by TensorFlow.js: the total loss of each epoch, and the weights after the last. */
function byTensorFlow() {
  const start = startOf(model, settings.seed).weights
  const variables = model.weights.map(({ name, shape }) => {
    return tf.variable(tf.tensor([...(start.get(name)?.data ?? [])], [...shape]))
  })
  const [w, b, wPrice, bPrice, wKind, bKind] = variables as [tf.Variable, ...tf.Variable[]] as tf.Variable[]
  const optimizer = tf.train.sgd(0.1)
  const dense = (x: tf.Tensor, kernel?: tf.Tensor, bias?: tf.Tensor) =>
    tf.add(tf.matMul(x as tf.Tensor2D, kernel as tf.Tensor2D), bias as tf.Tensor)
  const step = (from: number) => () => {
    const x = tf.tensor2d(xs.slice(from * 2, (from + 4) * 2), [4, 2])
    const hidden = tf.tanh(dense(x, w, b))
    const price = tf.losses.meanSquaredError(
      tf.tensor2d(prices.slice(from, from + 4), [4, 1]),
      dense(hidden, wPrice, bPrice),
    )
    const truth = tf.oneHot(tf.tensor1d(kinds.slice(from, from + 4), 'int32'), 3)
    const kind = tf.div(tf.neg(tf.sum(tf.mul(truth, tf.logSoftmax(dense(hidden, wKind, bKind))))), 4)
    const penalty = tf.mul(tf.sum(tf.square(w as tf.Tensor)), 0.1)
    return tf.addN([tf.mul(price, 0.5), tf.mul(kind, 2), penalty]) as tf.Scalar
  }
  const losses = Array.from({ length: settings.epochs }, () => {
    const ofEpoch = [0, 4, 8].map((from) => optimizer.minimize(step(from), true, variables)?.dataSync()[0] as number)
    return ofEpoch.reduce((sum, loss) => sum + loss, 0) / 3
  })
  return { losses, weights: variables.map((variable) => [...variable.dataSync()]) }
}

test('two outputs train as in TensorFlow.js: weighted losses, the penalties once', async () => {
  const expected = byTensorFlow()
  const losses: number[] = []
  const { last } = await train(settings, { onEpoch: ({ loss }) => void losses.push(loss as number) })
  allclose(losses, expected.losses, { relative: 1e-4 })
  for (const [i, { name }] of model.weights.entries()) {
    allclose([...(last.weights.get(name)?.data ?? [])], expected.weights[i] as number[], {
      relative: 1e-4,
      absolute: 1e-6,
    })
  }
})

test('the history has the total, the loss of each output and its metrics under its name, as Keras', async () => {
  const keys: string[][] = []
  await train({ ...settings, epochs: 1 }, { onEpoch: (row) => void keys.push(Object.keys(row)) })
  const own = ['loss', 'price_loss', 'kind_loss', 'price_mean_absolute_error', 'kind_accuracy']
  expect(keys).toEqual([['epoch', 'learning_rate', 'seconds', ...own, ...own.map((key) => `val_${key}`)]])
})

test('the total in a test is the weighted sum of the losses and the penalties', async () => {
  const { weights } = startOf(model, settings.seed)
  const { loss, price_loss, kind_loss } = await evaluate(settings, weights, part)
  const kernel = weights.get('shared/kernel')?.data ?? []
  const penalty = 0.1 * [...kernel].reduce((sum, value) => sum + value * value, 0)
  allclose([loss as number], [0.5 * Number(price_loss) + 2 * Number(kind_loss) + penalty], { relative: 1e-5 })
})

test('the loss of each output is the same in training and in validation', async () => {
  const still = { ...settings, epochs: 1, optimizer: sgd(0) }
  await train(still, {
    onEpoch: (row) => {
      for (const key of ['loss', 'price_loss', 'kind_loss']) {
        allclose([row[`val_${key}`] as number], [row[key] as number], { relative: 1e-5 })
      }
    },
  })
})

test('a training that stops in the middle of an epoch goes on to the same history', async () => {
  const uneven = { ...settings, epochs: 1, batchSize: 5 } // the last batch is a run of its own
  const whole: unknown[] = []
  await train(uneven, { onEpoch: ({ seconds: _, ...row }) => void whole.push(row) })
  const stop = new AbortController()
  const half = await train(uneven, { signal: stop.signal, onRun: () => stop.abort() })
  const resumed: unknown[] = []
  const onEpoch = ({ seconds: _, ...row }: { seconds: number }) => void resumed.push(row)
  await train(uneven, { resumeFrom: half.last, onEpoch })
  expect(half.outcome).toBe('stopped')
  expect(resumed).toEqual(whole)
})

/** Outputs that start at their logits, or, `behind` a layer that changes nothing, at the losses of their probabilities. */
function probabilityModel(behind: boolean) {
  const head = (name: string, units: number, activation: string, inputs: string[]) => [
    { type: 'Dense', name: behind ? `${name} before` : name, units, activation, inputs },
    ...(behind ? [{ type: 'Rescaling', name, scale: 1, inputs: [`${name} before`] }] : []),
  ]
  return buildModel(
    parseDefinition({
      layers: [
        { type: 'Input', name: 'x', shape: [2] },
        { type: 'Dense', name: 'shared', units: 4, activation: 'tanh', inputs: ['x'] },
        ...head('kind', 3, 'softmax', ['shared']),
        ...head('side', 1, 'sigmoid', ['kind']), // the gradient arrives behind the logits of kind, too
        { type: 'Dense', name: 'price', units: 1, inputs: ['shared'] },
      ],
      outputs: ['kind', 'price', 'side'],
    }),
  )
}

interface Run {
  readonly history: readonly object[]
  readonly weights: readonly number[]
}

test('outputs that start at their logits learn what they learn from their probabilities, weighted rows too', async () => {
  const sides = Float32Array.from(kinds, (kind) => Number(kind > 0))
  const learned = (name: string, loss: string, lossWeight: number, metricKind: LearnedOutput['metricKind']) => {
    return { name, loss: resolveLoss(loss), lossWeight, metricKind, metrics: [resolveMetric('mean_absolute_error')] }
  }
  const three = [
    learned('kind', 'sparse_categorical_crossentropy', 2, 'class_index'),
    learned('price', 'mean_squared_error', 0.5, 'number'),
    learned('side', 'binary_crossentropy', 1, 'binary'),
  ]
  const data = {
    ...{ rows, x: part.x, y: part.otherTargets[0] as Tensor, weights: prices.map(Math.abs) },
    otherTargets: [part.y, { type: 'float32', dims: [rows, 1], data: sides } satisfies Tensor],
  }
  const [fast, slow] = (await Promise.all(
    [false, true].map(async (behind) => {
      const own = probabilityModel(behind)
      const start = startOf(probabilityModel(false), 3)
      const names = own.weights.map(({ name, shape }) => [name, shape] as const)
      const values = [...start.weights.values()]
      const weights = new Map(names.map(([name, shape], i) => [name, { shape, data: values[i]?.data ?? xs }]))
      const changes = { model: own, outputs: three, train: data, validation: data, loss: resolveLoss('mse') }
      const history: object[] = []
      const { last } = await train(
        { ...settings, ...changes },
        { resumeFrom: { ...start, weights }, onEpoch: ({ seconds: _, ...row }) => void history.push(row) },
      )
      return { history, weights: [...last.weights.values()].flatMap(({ data: of }) => [...of]) }
    }),
  )) as unknown as readonly [Run, Run]
  allclose(fast.weights, slow.weights, { relative: 1e-4, absolute: 1e-6 })
  const numbers = (run: Run) => run.history.flatMap((row) => Object.values(row) as number[])
  allclose(numbers(fast), numbers(slow), { relative: 1e-4 })
})

test('a step of outputs with logits computes none of their losses', () => {
  const forms = [three(probabilityModel(false)), three(probabilityModel(true))]
  const [fast, slow] = forms.map((bytes) => {
    const bodies = fromBytes(bytes).graph.nodes.flatMap(({ attributes }) => Object.values(attributes))
    return bodies.flatMap((body) => (body instanceof Graph ? body.nodes.map(({ opType }) => opType) : []))
  })
  expect(slow).toContain('Log')
  expect(fast).not.toContain('Log')
  expect(fast).not.toContain('LogSoftmax')
})

function three(own: Model): Uint8Array {
  const output = (loss: string, place: number) => {
    const resolved = resolveLoss(loss)
    const target = targetForm(lossOf(resolved).targetKind, own.outputs[place]?.shape ?? [])
    return { loss: resolved, target, lossWeight: 1 }
  }
  const all = ['sparse_categorical_crossentropy', 'mse', 'binary_crossentropy'].map(output) as [ProgramOutput]
  return buildTrainingProgram({ model: own, ...all[0], outputs: all, optimizer: sgd(1), withPredictions: true }).bytes
}
