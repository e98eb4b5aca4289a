import { expect, test } from 'vitest'
import { activations } from '../../../src/nn/activations.ts'
import { layers } from '../../../src/nn/layers/index.ts'
import { checkLayer, type Shapes } from '../../support/check-layer.ts'

type Example = readonly [layer: { type: string; [argument: string]: unknown }, shapes: Shapes]

/** Total over the table: a layer without an example does not compile. */
const examples: Readonly<Record<Exclude<keyof typeof layers, 'Input' | 'Shared'>, readonly Example[]>> = {
  Dense: [
    [{ type: 'Dense', units: 3 }, [4]],
    [{ type: 'Dense', units: 3, activation: 'tanh', use_bias: false }, [2, 4]],
    [{ type: 'Dense', units: 1, kernel_regularizer: 'l1_l2', bias_regularizer: { name: 'l1', l1: 0.1 } }, [4]],
    [{ type: 'Dense', units: 2, kernel_regularizer: 'l2', activity_regularizer: 'l2' }, [3]],
  ],
  EinsumDense: [
    [{ type: 'EinsumDense', equation: 'abc,cd->abd', output_shape: [null, 3], bias_axes: 'd' }, [2, 4]],
    [{ type: 'EinsumDense', equation: '...x,xyz->...yz', output_shape: [2, 3], activation: 'tanh' }, [2, 4]],
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
  Embedding: [
    [{ type: 'Embedding', input_dim: 5, output_dim: 3 }, [4]],
    [{ type: 'Embedding', input_dim: 5, output_dim: 1, embeddings_regularizer: 'l2' }, [2, 3]],
  ],
  Masking: [[{ type: 'Masking', mask_value: 0.5 }, [3, 2]]],
  SimpleRNN: [
    [{ type: 'SimpleRNN', units: 3 }, [4, 2]],
    [{ type: 'SimpleRNN', units: 2, activation: 'relu', return_sequences: true, go_backwards: true }, [3, 2]],
  ],
  LSTM: [
    [{ type: 'LSTM', units: 3, recurrent_regularizer: 'l2' }, [4, 2]],
    [{ type: 'LSTM', units: 2, return_sequences: true, dropout: 0.3, recurrent_dropout: 0.2 }, [3, 2]],
    [{ type: 'LSTM', units: 1, use_bias: false, activation: 'softsign', seed: 3 }, [1, 1]],
  ],
  GRU: [
    [{ type: 'GRU', units: 3 }, [4, 2]],
    [{ type: 'GRU', units: 2, reset_after: false, return_sequences: true }, [3, 2]],
    [{ type: 'GRU', units: 2, use_bias: false, go_backwards: true }, [3, 2]],
  ],
  Bidirectional: [
    [{ type: 'Bidirectional', layer: { type: 'LSTM', units: 2 } }, [4, 2]],
    [{ type: 'Bidirectional', layer: { type: 'GRU', units: 2, return_sequences: true }, merge_mode: 'ave' }, [3, 2]],
    [{ type: 'Bidirectional', layer: { type: 'SimpleRNN', units: 2 }, merge_mode: null }, [3, 2]],
  ],
  TimeDistributed: [
    [{ type: 'TimeDistributed', layer: { type: 'Dense', units: 3, activation: 'tanh' } }, [4, 2]],
    [{ type: 'TimeDistributed', layer: { type: 'Flatten' } }, [2, 3, 2]],
  ],
  ReLU: [
    [{ type: 'ReLU' }, [4]],
    [{ type: 'ReLU', max_value: 0.5, negative_slope: 0.1, threshold: 0.2 }, [2, 3]],
  ],
  LeakyReLU: [[{ type: 'LeakyReLU', negative_slope: 0.1 }, [4]]],
  PReLU: [
    [{ type: 'PReLU' }, [2, 3]],
    [{ type: 'PReLU', alpha_initializer: { name: 'constant', value: 0.25 }, shared_axes: [1, 2] }, [2, 3, 2]],
  ],
  ELU: [[{ type: 'ELU', alpha: 0.5 }, [4]]],
  Softmax: [
    [{ type: 'Softmax' }, [4]],
    [{ type: 'Softmax', axis: 1 }, [3, 2]],
    [{ type: 'Softmax', axis: [1, 2] }, [3, 2]],
  ],
  Permute: [[{ type: 'Permute', dims: [3, 1, 2] }, [2, 3, 4]]],
  RepeatVector: [[{ type: 'RepeatVector', n: 3 }, [2]]],
  SpatialDropout1D: [[{ type: 'SpatialDropout1D', rate: 0.5 }, [3, 2]]],
  SpatialDropout2D: [[{ type: 'SpatialDropout2D', rate: 0.5, data_format: 'channels_first' }, [3, 2, 2]]],
  SpatialDropout3D: [[{ type: 'SpatialDropout3D', rate: 0.5 }, [2, 2, 2, 2]]],
  GaussianNoise: [[{ type: 'GaussianNoise', stddev: 0.1 }, [4]]],
  GaussianDropout: [[{ type: 'GaussianDropout', rate: 0.5 }, [4]]],
  AlphaDropout: [[{ type: 'AlphaDropout', rate: 0.5, noise_shape: [null, 1] }, [4]]],
  ActivityRegularization: [[{ type: 'ActivityRegularization', l1: 0.01, l2: 0.02 }, [4]]],
  Identity: [[{ type: 'Identity', activity_regularizer: 'l2' }, [4]]],
  RMSNormalization: [
    [{ type: 'RMSNormalization' }, [4]],
    [{ type: 'RMSNormalization', axis: [1, 2] }, [2, 3]],
  ],
  Add: [
    [
      { type: 'Add' },
      [
        [2, 3],
        [2, 3],
        [1, 3],
      ],
    ],
    [{ type: 'Add' }, [3]],
  ],
  Subtract: [[{ type: 'Subtract' }, [[2, 3], [3]]]],
  Multiply: [
    [
      { type: 'Multiply' },
      [
        [2, 3],
        [2, 3],
      ],
    ],
  ],
  Average: [
    [
      { type: 'Average' },
      [
        [2, 1],
        [2, 3],
      ],
    ],
  ],
  Maximum: [[{ type: 'Maximum' }, [[4], [4]]]],
  Minimum: [[{ type: 'Minimum' }, [[4], [4], [4]]]],
  Concatenate: [
    [{ type: 'Concatenate' }, [[2], [3], [1]]],
    [
      { type: 'Concatenate', axis: 1 },
      [
        [2, 3],
        [4, 3],
      ],
    ],
  ],
  Dot: [
    [{ type: 'Dot', axes: 1 }, [[3], [3]]],
    [
      { type: 'Dot', axes: [1, 2], normalize: true },
      [
        [3, 4],
        [2, 3],
      ],
    ],
  ],
  MultiHeadAttention: [
    [{ type: 'MultiHeadAttention', num_heads: 2, key_dim: 3 }, [4, 5]],
    [
      { type: 'MultiHeadAttention', num_heads: 2, key_dim: 3, value_dim: 2, output_shape: 6, use_bias: false },
      [
        [4, 5],
        [3, 2],
      ],
    ],
    [
      { type: 'MultiHeadAttention', num_heads: 1, key_dim: 2, dropout: 0.2, use_causal_mask: true },
      [
        [3, 4],
        [3, 2],
        [3, 5],
      ],
    ],
  ],
  AdaptiveAveragePooling1D: [[{ type: 'AdaptiveAveragePooling1D', output_size: 2 }, [3, 2]]],
  AdaptiveAveragePooling2D: [[{ type: 'AdaptiveAveragePooling2D', output_size: 2 }, [3, 4, 2]]],
  AdaptiveAveragePooling3D: [[{ type: 'AdaptiveAveragePooling3D', output_size: 2 }, [3, 4, 3, 2]]],
  AdaptiveMaxPooling1D: [[{ type: 'AdaptiveMaxPooling1D', output_size: 2 }, [3, 2]]],
  AdaptiveMaxPooling2D: [[{ type: 'AdaptiveMaxPooling2D', output_size: 2 }, [3, 4, 2]]],
  AdaptiveMaxPooling3D: [[{ type: 'AdaptiveMaxPooling3D', output_size: 2 }, [3, 4, 3, 2]]],
  GroupQueryAttention: [
    [{ type: 'GroupQueryAttention', head_dim: 3, num_query_heads: 4, num_key_value_heads: 2, use_gate: true }, [4, 5]],
  ],
  Attention: [
    [{ type: 'Attention', use_scale: true }, [4, 3]],
    [
      { type: 'Attention', score_mode: 'concat' },
      [
        [4, 3],
        [2, 3],
      ],
    ],
  ],
  AdditiveAttention: [
    [
      { type: 'AdditiveAttention', use_causal_mask: true },
      [
        [3, 4],
        [3, 2],
        [3, 4],
      ],
    ],
  ],
  Conv1D: [
    [{ type: 'Conv1D', filters: 3, kernel_size: 2, activation: 'tanh' }, [5, 2]],
    [{ type: 'Conv1D', filters: 2, kernel_size: [3], padding: 'causal', dilation_rate: 2, use_bias: false }, [6, 2]],
  ],
  Conv2D: [
    [{ type: 'Conv2D', filters: 3, kernel_size: 3, kernel_regularizer: 'l2', activity_regularizer: 'l1' }, [4, 5, 2]],
    [{ type: 'Conv2D', filters: 4, kernel_size: [2, 3], strides: 2, padding: 'same', groups: 2 }, [5, 4, 2]],
  ],
  Conv3D: [[{ type: 'Conv3D', filters: 2, kernel_size: 2, padding: 'same', strides: [1, 2, 1] }, [2, 3, 2, 2]]],
  DepthwiseConv1D: [[{ type: 'DepthwiseConv1D', kernel_size: 3, padding: 'same' }, [5, 2]]],
  DepthwiseConv2D: [[{ type: 'DepthwiseConv2D', kernel_size: 2, depth_multiplier: 2, activation: 'elu' }, [3, 4, 2]]],
  SeparableConv1D: [[{ type: 'SeparableConv1D', filters: 3, kernel_size: 2 }, [4, 2]]],
  SeparableConv2D: [
    [{ type: 'SeparableConv2D', filters: 3, kernel_size: 2, depth_multiplier: 2, padding: 'same' }, [3, 4, 2]],
  ],
  Conv1DTranspose: [[{ type: 'Conv1DTranspose', filters: 2, kernel_size: 2, strides: 3 }, [3, 2]]],
  Conv2DTranspose: [
    [{ type: 'Conv2DTranspose', filters: 3, kernel_size: 3, strides: 2, padding: 'same' }, [2, 3, 2]],
    [{ type: 'Conv2DTranspose', filters: 2, kernel_size: 3, strides: [2, 3], output_padding: [1, 2] }, [2, 3, 2]],
  ],
  Conv3DTranspose: [[{ type: 'Conv3DTranspose', filters: 2, kernel_size: 2, strides: 2 }, [2, 1, 2, 2]]],
  MaxPooling1D: [[{ type: 'MaxPooling1D' }, [5, 2]]],
  MaxPooling2D: [[{ type: 'MaxPooling2D', pool_size: [2, 3], strides: 2, padding: 'same' }, [5, 4, 2]]],
  MaxPooling3D: [[{ type: 'MaxPooling3D', pool_size: 2, padding: 'same' }, [3, 2, 3, 2]]],
  AveragePooling1D: [[{ type: 'AveragePooling1D', pool_size: 2, padding: 'same' }, [5, 2]]],
  AveragePooling2D: [[{ type: 'AveragePooling2D', pool_size: 3, strides: 1, padding: 'same' }, [4, 3, 2]]],
  AveragePooling3D: [[{ type: 'AveragePooling3D', pool_size: [1, 2, 3] }, [3, 2, 3, 2]]],
  GlobalMaxPooling1D: [[{ type: 'GlobalMaxPooling1D' }, [5, 2]]],
  GlobalMaxPooling2D: [[{ type: 'GlobalMaxPooling2D', keepdims: true }, [3, 4, 2]]],
  GlobalMaxPooling3D: [[{ type: 'GlobalMaxPooling3D' }, [2, 3, 2, 2]]],
  GlobalAveragePooling1D: [[{ type: 'GlobalAveragePooling1D', keepdims: true }, [5, 2]]],
  GlobalAveragePooling2D: [[{ type: 'GlobalAveragePooling2D' }, [3, 4, 2]]],
  GlobalAveragePooling3D: [[{ type: 'GlobalAveragePooling3D' }, [2, 3, 2, 2]]],
  UpSampling1D: [[{ type: 'UpSampling1D', size: 3 }, [3, 2]]],
  UpSampling2D: [
    [{ type: 'UpSampling2D', size: [2, 3] }, [3, 2, 2]],
    [{ type: 'UpSampling2D', interpolation: 'bilinear' }, [3, 2, 2]],
  ],
  UpSampling3D: [[{ type: 'UpSampling3D', size: [1, 2, 3] }, [2, 2, 1, 2]]],
  ZeroPadding1D: [[{ type: 'ZeroPadding1D', padding: [2, 0] }, [3, 2]]],
  ZeroPadding2D: [[{ type: 'ZeroPadding2D', padding: [1, [0, 2]] }, [3, 2, 2]]],
  ZeroPadding3D: [[{ type: 'ZeroPadding3D' }, [1, 2, 2, 1]]],
  Cropping1D: [[{ type: 'Cropping1D' }, [4, 2]]],
  Cropping2D: [[{ type: 'Cropping2D', cropping: [1, [0, 2]] }, [3, 4, 2]]],
  Cropping3D: [[{ type: 'Cropping3D' }, [3, 3, 4, 2]]],
  BatchNormalization: [
    [{ type: 'BatchNormalization' }, [3]],
    [{ type: 'BatchNormalization', axis: 1, scale: false, beta_regularizer: 'l2' }, [2, 3, 2]],
  ],
  LayerNormalization: [
    [{ type: 'LayerNormalization' }, [3]],
    [{ type: 'LayerNormalization', axis: [1, 2], epsilon: 0.1, gamma_regularizer: 'l2' }, [2, 3, 2]],
  ],
  GroupNormalization: [
    [{ type: 'GroupNormalization', groups: 2 }, [3, 4]],
    [{ type: 'GroupNormalization', groups: -1, center: false }, [2, 2, 3]],
  ],
  UnitNormalization: [[{ type: 'UnitNormalization', axis: [1, 2] }, [2, 3]]],
  Rescaling: [[{ type: 'Rescaling', scale: [0.5, 2], offset: -1 }, [3, 2]]],
  Normalization: [
    [{ type: 'Normalization', mean: [1, 2], variance: [4, 0.25] }, [3, 2]],
    [{ type: 'Normalization', axis: [1, 2] }, [3, 2]],
  ],
}

const rows = Object.values(examples)
  .flat()
  .map(([layer, shape]) => [JSON.stringify(layer), layer, shape] as const)

test.each(rows)('%s keeps what every layer promises', async (_name, layer, shape) => {
  await checkLayer(layer, shape)
})

test.each(Object.keys(activations))('Dense with %s keeps what every layer promises', async (activation) => {
  await checkLayer({ type: 'Dense', units: 4, activation }, [4])
})

test('the table of layers has the class names of its types', () => {
  for (const [name, { config }] of Object.entries(layers)) {
    expect((config as unknown as { properties: { type: { const: string } } }).properties.type.const).toBe(name)
  }
})
