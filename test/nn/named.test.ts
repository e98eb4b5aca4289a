import { Ajv } from 'ajv'
import { describe, expect, test } from 'vitest'
import { LossSchema } from '../../src/nn/losses/index.ts'
import { MetricSchema } from '../../src/nn/metrics/index.ts'
import { type Given, resolveNamed } from '../../src/nn/named.ts'
import { OptimizerSchema, optimizers, resolveOptimizer } from '../../src/nn/optimizers/index.ts'

const ajv = new Ajv({ allErrors: true, discriminator: true, strict: false })

describe.each<readonly [string, object, readonly unknown[]]>([
  ['loss', LossSchema, ['mse', 'mean_squared_error', { name: 'binary_crossentropy', from_logits: true }]],
  ['optimizer', OptimizerSchema, ['sgd', { name: 'adam', learning_rate: 0.1, beta_2: 0.5 }, { name: 'rmsprop' }]],
  ['metric', MetricSchema, ['accuracy', 'mse', { name: 'mae' }]],
])('the schema of a %s', (_kind, schema, good) => {
  const validate = ajv.compile(schema)

  test.each(good.map((given) => [given]))('takes %j', (given) => {
    expect(validate(given)).toBe(true)
  })

  test.each(['nothing', 7, null, {}, { name: 'nothing' }, { name: 'mse', more: 1 }])('refuses %j', (given) => {
    expect(validate(given)).toBe(false)
  })
})

test.each<readonly [string, object]>([
  ['a momentum above 1', { name: 'sgd', momentum: 1.1 }],
  ['a negative rate', { name: 'sgd', learning_rate: -0.1 }],
  ['a rate that is text', { name: 'adam', learning_rate: '0.1' }],
  ['beta_2 of 1', { name: 'adam', beta_2: 1 }],
  ['no epsilon', { name: 'rmsprop', epsilon: 0 }],
  ['an unknown schedule', { name: 'adam', learning_rate: { name: 'sawtooth' } }],
  ['an unknown argument', { name: 'adam', beta1: 0.9 }],
  ['a rate of 0 for FTRL', { name: 'ftrl', learning_rate: 0 }],
  ['AdamW without a decay', { name: 'adamw', weight_decay: null }],
  ['clipping to nothing', { name: 'sgd', clipnorm: 0 }],
  ['accumulation over one batch', { name: 'sgd', gradient_accumulation_steps: 1 }],
  ['half a batch', { name: 'sgd', ema_overwrite_frequency: 0.5 }],
  ['a schedule without its steps', { name: 'sgd', learning_rate: { name: 'cosine_decay', initial_learning_rate: 1 } }],
])('%s is refused', (_name, given) => {
  expect(ajv.compile(OptimizerSchema)(given)).toBe(false)
})

test('defaults are told back', () => {
  expect(resolveOptimizer({ name: 'adam', beta_1: 0.8 } as Given)).toEqual({
    name: 'adam',
    learning_rate: 0.001,
    beta_1: 0.8,
    beta_2: 0.999,
    epsilon: 1e-7,
    amsgrad: false,
    weight_decay: null,
    clipnorm: null,
    clipvalue: null,
    global_clipnorm: null,
    use_ema: false,
    ema_momentum: 0.99,
    ema_overwrite_frequency: null,
    gradient_accumulation_steps: null,
  })
})

test('told back defaults resolve to themselves', () => {
  for (const name of Object.keys(optimizers)) {
    const resolved = resolveOptimizer(name)
    expect(resolveOptimizer(resolved)).toEqual(resolved)
    expect(ajv.compile(OptimizerSchema)(resolved)).toBe(true)
  }
})

test('a name that every object has is no thing', () => {
  expect(() => resolveNamed(optimizers, 'constructor')).toThrow('nothing is named constructor')
})
