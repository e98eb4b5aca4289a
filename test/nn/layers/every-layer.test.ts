import { expect, test } from 'vitest'
import { activations } from '../../../src/nn/activations.ts'
import { layers } from '../../../src/nn/layers/index.ts'
import { checkLayer } from '../../support/check-layer.ts'

type Example = readonly [layer: { type: string; [argument: string]: unknown }, inputShape: readonly number[]]

/** Total over the table: a layer without an example does not compile. */
const examples: Readonly<Record<Exclude<keyof typeof layers, 'Input' | 'Shared'>, readonly Example[]>> = {
  Dense: [
    [{ type: 'Dense', units: 3 }, [4]],
    [{ type: 'Dense', units: 3, activation: 'tanh', use_bias: false }, [2, 4]],
    [{ type: 'Dense', units: 1, kernel_regularizer: 'l1_l2', bias_regularizer: { name: 'l1', l1: 0.1 } }, [4]],
    [{ type: 'Dense', units: 2, kernel_regularizer: 'l2', activity_regularizer: 'l2' }, [3]],
  ],
  Activation: [[{ type: 'Activation', activation: 'relu' }, [2, 3]]],
  Dropout: [
    [{ type: 'Dropout', rate: 0.5 }, [4]],
    [{ type: 'Dropout', rate: 0.2, noise_shape: [null, 1, 3], seed: 3 }, [2, 3]],
  ],
  Flatten: [
    [{ type: 'Flatten' }, [2, 3]],
    [{ type: 'Flatten', data_format: 'channels_first' }, [2, 3, 2]],
  ],
  Reshape: [
    [{ type: 'Reshape', target_shape: [3, 2] }, [6]],
    [{ type: 'Reshape', target_shape: [-1] }, [2, 3]],
  ],
}

const rows = Object.values(examples)
  .flat()
  .map(([layer, shape]) => [JSON.stringify(layer), layer, shape] as const)

test.each(rows)('%s keeps what every layer promises', async (_name, layer, shape) => {
  await checkLayer(layer, shape)
})

test.each(Object.keys(activations))('Dense with %s keeps what every layer promises', async (activation) => {
  await checkLayer({ type: 'Dense', units: 3, activation }, [4])
})

test('the table of layers has the class names of its types', () => {
  for (const [name, { config }] of Object.entries(layers)) {
    expect((config as unknown as { properties: { type: { const: string } } }).properties.type.const).toBe(name)
  }
})
