/** The table of layers, by their Keras class names. */
import { Activation } from './activation.ts'
import { ELU } from './activations/elu.ts'
import { LeakyReLU } from './activations/leaky-relu.ts'
import { PReLU } from './activations/prelu.ts'
import { ReLU } from './activations/relu.ts'
import { Softmax } from './activations/softmax.ts'
import { AdditiveAttention, Attention } from './attention/attention.ts'
import { GroupQueryAttention } from './attention/group-query-attention.ts'
import { MultiHeadAttention } from './attention/multi-head-attention.ts'
import { Conv1D, Conv2D, Conv3D } from './convolutional/convolution.ts'
import { DepthwiseConv1D, DepthwiseConv2D } from './convolutional/depthwise-convolution.ts'
import { SeparableConv1D, SeparableConv2D } from './convolutional/separable-convolution.ts'
import { Conv1DTranspose, Conv2DTranspose, Conv3DTranspose } from './convolutional/transposed-convolution.ts'
import { Dense } from './dense.ts'
import { Dropout } from './dropout.ts'
import { EinsumDense } from './einsum-dense.ts'
import { Embedding } from './embedding.ts'
import { Flatten } from './flatten.ts'
import { Identity } from './identity.ts'
import { Input } from './input.ts'
import type { Layer } from './layer.ts'
import { Masking } from './masking.ts'
import { Concatenate } from './merging/concatenate.ts'
import { Dot } from './merging/dot.ts'
import { Add, Average, Maximum, Minimum, Subtract } from './merging/elementwise.ts'
import { Multiply } from './merging/multiply.ts'
import { BatchNormalization } from './normalization/batch-normalization.ts'
import { GroupNormalization } from './normalization/group-normalization.ts'
import { LayerNormalization } from './normalization/layer-normalization.ts'
import { Normalization } from './normalization/normalization.ts'
import { Rescaling } from './normalization/rescaling.ts'
import { RMSNormalization } from './normalization/rms-normalization.ts'
import { UnitNormalization } from './normalization/unit-normalization.ts'
import {
  AdaptiveAveragePooling1D,
  AdaptiveAveragePooling2D,
  AdaptiveAveragePooling3D,
  AdaptiveMaxPooling1D,
  AdaptiveMaxPooling2D,
  AdaptiveMaxPooling3D,
} from './pooling/adaptive-pooling.ts'
import { AveragePooling1D, AveragePooling2D, AveragePooling3D } from './pooling/average-pooling.ts'
import {
  GlobalAveragePooling1D,
  GlobalAveragePooling2D,
  GlobalAveragePooling3D,
} from './pooling/global-average-pooling.ts'
import { GlobalMaxPooling1D, GlobalMaxPooling2D, GlobalMaxPooling3D } from './pooling/global-max-pooling.ts'
import { MaxPooling1D, MaxPooling2D, MaxPooling3D } from './pooling/max-pooling.ts'
import { Bidirectional } from './recurrent/bidirectional.ts'
import { GRU } from './recurrent/gru.ts'
import { LSTM } from './recurrent/lstm.ts'
import { SimpleRNN } from './recurrent/simple-rnn.ts'
import { TimeDistributed } from './recurrent/time-distributed.ts'
import { ActivityRegularization } from './regularization/activity-regularization.ts'
import { AlphaDropout } from './regularization/alpha-dropout.ts'
import { GaussianDropout } from './regularization/gaussian-dropout.ts'
import { GaussianNoise } from './regularization/gaussian-noise.ts'
import { SpatialDropout1D, SpatialDropout2D, SpatialDropout3D } from './regularization/spatial-dropout.ts'
import { Cropping1D, Cropping2D, Cropping3D } from './resampling/cropping.ts'
import { UpSampling1D, UpSampling2D, UpSampling3D } from './resampling/up-sampling.ts'
import { ZeroPadding1D, ZeroPadding2D, ZeroPadding3D } from './resampling/zero-padding.ts'
import { Reshape } from './reshape.ts'
import { Permute } from './reshaping/permute.ts'
import { RepeatVector } from './reshaping/repeat-vector.ts'
import { Shared } from './shared.ts'

export const layers = {
  Input,
  Dense,
  EinsumDense,
  Activation,
  Dropout,
  Flatten,
  Identity,
  Reshape,
  Embedding,
  Masking,
  SimpleRNN,
  LSTM,
  GRU,
  Bidirectional,
  TimeDistributed,
  Conv1D,
  Conv2D,
  Conv3D,
  DepthwiseConv1D,
  DepthwiseConv2D,
  SeparableConv1D,
  SeparableConv2D,
  Conv1DTranspose,
  Conv2DTranspose,
  Conv3DTranspose,
  MaxPooling1D,
  MaxPooling2D,
  MaxPooling3D,
  AveragePooling1D,
  AveragePooling2D,
  AveragePooling3D,
  GlobalMaxPooling1D,
  GlobalMaxPooling2D,
  GlobalMaxPooling3D,
  GlobalAveragePooling1D,
  GlobalAveragePooling2D,
  GlobalAveragePooling3D,
  AdaptiveAveragePooling1D,
  AdaptiveAveragePooling2D,
  AdaptiveAveragePooling3D,
  AdaptiveMaxPooling1D,
  AdaptiveMaxPooling2D,
  AdaptiveMaxPooling3D,
  UpSampling1D,
  UpSampling2D,
  UpSampling3D,
  ZeroPadding1D,
  ZeroPadding2D,
  ZeroPadding3D,
  Cropping1D,
  Cropping2D,
  Cropping3D,
  BatchNormalization,
  LayerNormalization,
  GroupNormalization,
  UnitNormalization,
  RMSNormalization,
  Rescaling,
  Normalization,
  ReLU,
  LeakyReLU,
  PReLU,
  ELU,
  Softmax,
  Permute,
  RepeatVector,
  SpatialDropout1D,
  SpatialDropout2D,
  SpatialDropout3D,
  GaussianNoise,
  GaussianDropout,
  AlphaDropout,
  ActivityRegularization,
  Add,
  Subtract,
  Multiply,
  Average,
  Maximum,
  Minimum,
  Concatenate,
  Dot,
  MultiHeadAttention,
  GroupQueryAttention,
  Attention,
  AdditiveAttention,
  Shared,
} as const satisfies Record<string, Layer>

/** The layer of a type that was validated. */
export function layerOf(type: string): Layer {
  const table: Readonly<Record<string, Layer>> = layers
  const layer = Object.hasOwn(table, type) ? table[type] : undefined
  if (!layer) throw new Error(`no layer is named ${type}`)
  return layer
}
