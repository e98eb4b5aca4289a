/** What Keras writes that a definition says otherwise or not at all: names, old names, arguments without an effect here. */
import { toSnakeCase } from '../names.ts'

/** The entry of a table under a name that somebody else gave, which may be that of something every object has. */
export function own<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined
}

/** Class names that mean a layer of another name. */
export const classAliases: Readonly<Record<string, string>> = {
  InputLayer: 'Input',
  Convolution1D: 'Conv1D',
  Convolution2D: 'Conv2D',
  Convolution3D: 'Conv3D',
  Convolution2DTranspose: 'Conv2DTranspose',
  Convolution3DTranspose: 'Conv3DTranspose',
  SeparableConvolution1D: 'SeparableConv1D',
  SeparableConvolution2D: 'SeparableConv2D',
  MaxPool1D: 'MaxPooling1D',
  MaxPool2D: 'MaxPooling2D',
  MaxPool3D: 'MaxPooling3D',
  AvgPool1D: 'AveragePooling1D',
  AvgPool2D: 'AveragePooling2D',
  AvgPool3D: 'AveragePooling3D',
  GlobalMaxPool1D: 'GlobalMaxPooling1D',
  GlobalMaxPool2D: 'GlobalMaxPooling2D',
  GlobalMaxPool3D: 'GlobalMaxPooling3D',
  GlobalAvgPool1D: 'GlobalAveragePooling1D',
  GlobalAvgPool2D: 'GlobalAveragePooling2D',
  GlobalAvgPool3D: 'GlobalAveragePooling3D',
  GroupedQueryAttention: 'GroupQueryAttention',
  BatchNormalizationV1: 'BatchNormalization',
  BatchNormalizationV2: 'BatchNormalization',
}

/** Arguments of Keras 2 that have another name in Keras 3, by layer. */
export const renamed: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  LeakyReLU: { alpha: 'negative_slope' },
}

/** Names of initializers, regularizers and constraints that are not the class name in snake case. */
const namedAliases: Readonly<Record<string, string>> = {
  L1: 'l1',
  L2: 'l2',
  L1L2: 'l1_l2',
  OrthogonalInitializer: 'orthogonal',
  IdentityInitializer: 'identity',
  LecunUniform: 'lecun_uniform',
  LecunNormal: 'lecun_normal',
}

/** `GlorotUniform` → `glorot_uniform`. */
export const namedOf = (className: string) => own(namedAliases, className) ?? toSnakeCase(className)

/** Arguments that say how Keras computes and not what: any value is passed over. */
const passedOver = new Set([
  'autocast',
  'batch_input_shape',
  'batch_shape',
  'batch_size',
  'build_config',
  'dtype',
  'flash_attention',
  'fused',
  'implementation',
  'input_axes',
  'input_dtype',
  'input_length',
  // Keras 2 writes them for the layers whose weights are depthwise and pointwise, which have arguments of their own
  'kernel_constraint',
  'kernel_initializer',
  'kernel_regularizer',
  'key_shape',
  'optional',
  'output_axes',
  'query_shape',
  'ragged',
  'sparse',
  'unroll',
  'value_shape',
  'virtual_batch_size',
  'zero_output_for_mask', // of masked steps, which the layers after it leave out
])

/** Arguments that may be passed over with these values only, since another one would change what is computed. */
const withoutEffect: Readonly<Record<string, readonly unknown[]>> = {
  data_format: ['channels_last'],
  groups: [1],
  keepdims: [false],
  rms_scaling: [false],
  stateful: [false],
  time_major: [false],
}

/** Whether an argument that no schema of ours knows leaves the layer as it is. */
export function isWithoutEffect(argument: string, value: unknown): boolean {
  return value === null || passedOver.has(argument) || isAmong(own(withoutEffect, argument) ?? [], value)
}

function isAmong(values: readonly unknown[], value: unknown): boolean {
  return values.some((one) => one === value || (Array.isArray(one) && Array.isArray(value) && sameList(one, value)))
}

function sameList(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((part, i) => part === b[i])
}
