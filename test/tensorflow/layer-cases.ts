/** Trainings that have every layer of one input without steps in time. */
import type { Training } from './compare.ts'

export const head = { type: 'Dense', units: 2 }
export const flat = { type: 'Flatten' }
export const steps = [3, 2]
const image = [5, 4, 2]
const small = [4, 3, 2]
const volume = [3, 4, 3, 2]
const convolution = { filters: 3, kernel_size: 2 }

export const chain = (shape: readonly number[], ...layers: readonly object[]): Training => ({ shape, layers })
/** Behind a layer with weights, so that a gradient goes through; before another, which gives two numbers. */
export const inside = (shape: readonly number[], ...layers: readonly object[]) =>
  chain(shape, { type: 'Dense', units: 2, activation: 'tanh' }, ...layers, flat, head)
export const layerCases: readonly Training[] = [
  // convolutions
  chain([6, 2], { type: 'Conv1D', ...convolution, padding: 'same', activation: 'tanh' }, flat, head),
  chain([6, 2], { type: 'Conv1D', ...convolution, padding: 'causal', kernel_size: 3 }, flat, head),
  chain(image, { type: 'Conv2D', ...convolution, strides: [1, 2], padding: 'same', activation: 'gelu' }, flat, head),
  chain([2, 5, 4], { type: 'Conv2D', ...convolution, data_format: 'channels_first' }, flat, head),
  chain(
    volume,
    { type: 'Conv3D', ...convolution, padding: 'same' },
    { type: 'MaxPooling3D', pool_size: 2 },
    flat,
    head,
  ),
  chain(small, { type: 'Conv2DTranspose', ...convolution, strides: 2, padding: 'same' }, flat, head),
  chain(small, { type: 'DepthwiseConv2D', kernel_size: 2, depth_multiplier: 2, padding: 'same' }, flat, head),
  chain(
    image,
    { type: 'SeparableConv2D', filters: 4, kernel_size: 3, depth_multiplier: 2, pointwise_regularizer: 'l2' },
    flat,
    head,
  ),
  chain([6, 2], { type: 'SeparableConv1D', ...convolution, strides: 2, padding: 'same' }, flat, head),
  chain([6, 2], { type: 'DepthwiseConv1D', kernel_size: 3, depth_multiplier: 2 }, flat, head),
  chain(
    [4, 2],
    { type: 'Conv1DTranspose', ...convolution, strides: 3 },
    { type: 'Conv1DTranspose', ...convolution, padding: 'same' },
    flat,
    head,
  ),
  chain(
    [6, 2],
    { type: 'Conv1D', ...convolution, padding: 'causal', dilation_rate: 2 },
    { type: 'Conv1D', filters: 6, kernel_size: 2, groups: 3 },
    flat,
    head,
  ),
  chain(
    image,
    { type: 'Conv2D', ...convolution, dilation_rate: [2, 1], padding: 'same' },
    { type: 'SeparableConv2D', ...convolution, dilation_rate: 2, padding: 'same' },
    { type: 'DepthwiseConv2D', kernel_size: 2, dilation_rate: 2 },
    flat,
    head,
  ),
  chain(volume, { type: 'Conv3D', filters: 4, kernel_size: 2, groups: 2 }, flat, head),
  // pools and places
  inside(
    [6, 2],
    { type: 'MaxPooling1D', pool_size: 2, strides: 1, padding: 'same' },
    { type: 'AveragePooling1D', pool_size: 2 },
  ),
  inside(
    image,
    { type: 'MaxPooling2D', pool_size: 2, strides: 1 },
    { type: 'AveragePooling2D', pool_size: 2, padding: 'same' },
  ),
  inside(volume, { type: 'AveragePooling3D', pool_size: 2, strides: 1, padding: 'same' }),
  inside([4, 2], { type: 'GlobalAveragePooling1D', keepdims: true }),
  inside(small, { type: 'GlobalAveragePooling2D' }),
  inside(volume, { type: 'GlobalAveragePooling3D' }),
  inside([4, 2], { type: 'GlobalMaxPooling1D' }),
  inside([4, 3, 2], { type: 'GlobalMaxPooling2D', data_format: 'channels_first' }),
  inside(volume, { type: 'GlobalMaxPooling3D' }),
  inside(
    [4, 2],
    { type: 'UpSampling1D', size: 3 },
    { type: 'ZeroPadding1D', padding: [1, 0] },
    { type: 'Cropping1D', cropping: [1, 2] },
  ),
  inside(
    small,
    { type: 'UpSampling2D', size: [2, 1] },
    {
      type: 'ZeroPadding2D',
      padding: [
        [1, 0],
        [2, 1],
      ],
    },
    {
      type: 'Cropping2D',
      cropping: [
        [1, 2],
        [0, 1],
      ],
    },
  ),
  inside(
    volume,
    { type: 'UpSampling3D', size: [1, 2, 1] },
    { type: 'ZeroPadding3D', padding: 1 },
    {
      type: 'Cropping3D',
      cropping: [
        [1, 0],
        [0, 1],
        [1, 1],
      ],
    },
  ),
  // shapes
  chain(
    [30],
    { type: 'Reshape', target_shape: [5, -1, 2] },
    { type: 'Permute', dims: [2, 3, 1] },
    { type: 'Flatten', data_format: 'channels_first' },
    head,
  ),
  chain([3], { type: 'RepeatVector', n: 4 }, { type: 'Dense', units: 2, activation: 'softmax' }, flat, head),
  // activations
  inside(
    steps,
    { type: 'Identity' },
    { type: 'ActivityRegularization', l1: 0.1, l2: 0.2 },
    { type: 'RMSNormalization', axis: [1, 2] },
  ),
  inside(steps, {
    type: 'Dense',
    units: 2,
    kernel_regularizer: { name: 'orthogonal_regularizer', factor: 0.5, mode: 'columns' },
  }),
  inside(steps, { type: 'Activation', activation: 'silu', activity_regularizer: { name: 'l1', l1: 0.1 } }),
  inside(steps, { type: 'ReLU', max_value: 0.7, negative_slope: 0.2, threshold: 0.1 }),
  inside(steps, { type: 'LeakyReLU', negative_slope: 0.2 }, { type: 'ELU', alpha: 0.6 }),
  inside(steps, { type: 'PReLU', shared_axes: [1], alpha_initializer: { name: 'constant', value: 0.3 } }),
  inside(steps, { type: 'Softmax', axis: 1 }, { type: 'Softmax', axis: [1, 2] }),
  { ...chain([3], { type: 'Dense', units: 3 }, { type: 'Softmax' }), loss: 'categorical_crossentropy' },
  // normalizations
  chain(
    image,
    { type: 'Conv2D', ...convolution },
    { type: 'BatchNormalization', momentum: 0.8 },
    { type: 'ReLU' },
    flat,
    head,
  ),
  inside(steps, { type: 'BatchNormalization', axis: 1, center: false }),
  inside(steps, { type: 'BatchNormalization', trainable: false }),
  inside(steps, { type: 'LayerNormalization', axis: [1, 2], scale: false }, { type: 'LayerNormalization' }),
  inside(small, { type: 'GroupNormalization', groups: 2 }),
  inside(steps, { type: 'UnitNormalization' }, { type: 'Rescaling', scale: [2, 3], offset: 0.5 }),
  chain(steps, { type: 'Normalization' }, { type: 'Normalization', mean: 0.3, variance: 2, invert: true }, flat, head),
  // noise: both engines draw the same numbers
  inside(steps, { type: 'Dropout', rate: 0.3 }, { type: 'GaussianNoise', stddev: 0.2, seed: 3 }),
  inside(steps, { type: 'Dropout', rate: 0.5, noise_shape: [null, 1, null] }, { type: 'GaussianDropout', rate: 0.3 }),
  inside(steps, { type: 'SpatialDropout1D', rate: 0.5 }, { type: 'AlphaDropout', rate: 0.3 }),
  chain(
    image,
    { type: 'Conv2D', ...convolution },
    { type: 'SpatialDropout2D', rate: 0.4 },
    { type: 'Dropout', rate: 0.3 },
    flat,
    head,
  ),
  inside(volume, { type: 'SpatialDropout3D', rate: 0.4 }),
]
