/**
 * What the second engine can train, as tables without TensorFlow.js itself, so that a request is refused before anything
 * is queued. Left out is what TensorFlow.js 4.22 lacks, and what it gets wrong: each with its reason in `reasons`.
 */
import type { LayerConfig } from '../nn/layers/layer.ts'
import type { BuiltLayer, Model } from '../nn/model.ts'
import type { NamedConfig } from '../nn/named.ts'
import type { OptimizerConfig } from '../nn/optimizers/optimizer.ts'

/** Arguments of each layer that are handed on, by our names; `fixed` ones take this value only. All others must say nothing. */
interface Supported {
  readonly takes: readonly string[]
  readonly fixed?: Readonly<Record<string, unknown>>
  /** The types of layer that it may hold as `layer`. */
  readonly wraps?: readonly string[]
}

const windows = ['kernel_size', 'strides', 'padding', 'activation', 'use_bias']
const convolution = { takes: ['filters', ...windows] }
const ofTheLastAxis = { center: true, scale: true, axis: -1 }
const pool = { takes: ['pool_size', 'strides', 'padding'] }
const recurrent = ['units', 'activation', 'use_bias', 'return_sequences', 'go_backwards']
const gated: Supported = { takes: [...recurrent, 'recurrent_activation', 'unit_forget_bias'] }

export const supportedLayers: Readonly<Record<string, Supported>> = {
  Input: { takes: ['shape'] },
  Dense: { takes: ['units', 'activation', 'use_bias'] },
  Activation: { takes: ['activation'] },
  Dropout: { takes: ['rate'] },
  Flatten: { takes: [] },
  Reshape: { takes: ['target_shape'] },
  Permute: { takes: ['dims'] },
  RepeatVector: { takes: ['n'] },
  ReLU: { takes: ['max_value'] },
  ELU: { takes: [], fixed: { alpha: 1 } },
  Softmax: { takes: [], fixed: { axis: -1 } },
  ZeroPadding2D: { takes: ['padding'] },
  Cropping2D: { takes: ['cropping'] },
  Conv1D: convolution,
  Conv2D: convolution,
  Conv2DTranspose: convolution,
  DepthwiseConv2D: { takes: [...windows, 'depth_multiplier'] },
  SeparableConv2D: { takes: ['filters', ...windows, 'depth_multiplier'] },
  MaxPooling1D: pool,
  MaxPooling2D: pool,
  AveragePooling1D: pool,
  AveragePooling2D: pool,
  GlobalMaxPooling1D: { takes: [] },
  GlobalMaxPooling2D: { takes: [] },
  GlobalAveragePooling1D: { takes: [] },
  GlobalAveragePooling2D: { takes: [] },
  BatchNormalization: { takes: ['momentum', 'epsilon'], fixed: ofTheLastAxis },
  LayerNormalization: { takes: ['epsilon'], fixed: ofTheLastAxis },
  Embedding: { takes: ['input_dim', 'output_dim'] },
  SimpleRNN: { takes: recurrent },
  LSTM: gated,
  GRU: gated,
  Bidirectional: { takes: ['merge_mode'], wraps: ['SimpleRNN', 'LSTM', 'GRU'] },
  TimeDistributed: { takes: [], wraps: ['Dense', 'Activation'] },
}

/** Activations that mean the same there, with their names there. */
export const activationNames: Readonly<Record<string, string>> = {
  ...{ linear: 'linear', relu: 'relu', sigmoid: 'sigmoid', tanh: 'tanh', softmax: 'softmax', softplus: 'softplus' },
  ...{ softsign: 'softsign', elu: 'elu', selu: 'selu', silu: 'swish', swish: 'swish', mish: 'mish' },
}

/** The losses that are written with its operators. */
export const supportedLosses = [
  'mean_squared_error',
  'mean_absolute_error',
  'huber',
  'log_cosh',
  'binary_crossentropy',
  'categorical_crossentropy',
  'sparse_categorical_crossentropy',
] as const
export type SupportedLoss = (typeof supportedLosses)[number]

/** The optimizers that it has. */
export const supportedOptimizers = ['sgd', 'adam', 'rmsprop', 'adagrad', 'adamax', 'adadelta'] as const
export type SupportedOptimizer = (typeof supportedOptimizers)[number]

/** Why an argument that is refused is: `<layer>.<argument>` or the argument of any layer. */
const reasons: Readonly<Record<string, string>> = {
  'Conv1D.padding': 'TensorFlow.js trains no causal convolution',
  dilation_rate: 'TensorFlow.js has no gradient of dilated convolutions',
  center: 'TensorFlow.js cannot train a BatchNormalization without center',
  scale: 'TensorFlow.js cannot train a BatchNormalization without scale',
  axis: 'TensorFlow.js trains it over the last axis only',
  reset_after: 'TensorFlow.js has no reset_after; give "reset_after": false',
}

const layerReasons: Readonly<Record<string, string>> = {
  UpSampling2D: ', whose gradient TensorFlow.js computes wrongly',
}

export interface Misfit {
  /** Into the request, or `/layers/i` into the definition. */
  readonly pointer: string
  readonly detail: string
}

export interface EngineRequest {
  /** As it was written, for pointers into it. */
  readonly definition: { readonly layers: readonly unknown[] }
  readonly model: Model
  readonly loss: NamedConfig
  readonly optimizer: OptimizerConfig
  /** As the request has it. */
  readonly device: string
}

const advice = 'leave engine out to train with onnxruntime'
const listed = (names: readonly string[]) => names.join(', ')

/** What of a planned training the engine `tensorflow` cannot do: the first thing found, or null. */
export function tensorflowMisfit({ definition, model, loss, optimizer, device }: EngineRequest): Misfit | null {
  return deviceMisfit(device) ?? modelMisfit(model, definition) ?? lossMisfit(loss) ?? optimizerMisfit(optimizer)
}

function deviceMisfit(device: string): Misfit | null {
  if (device === 'auto' || device === 'cpu') return null
  return { pointer: '/device', detail: `device: the engine tensorflow runs on cpu, received ${device}; ${advice}` }
}

function modelMisfit({ inputs, outputs, layers }: Model, definition: EngineRequest['definition']): Misfit | null {
  if (inputs.length > 1 || outputs.length > 1) {
    const has = `${inputs.length} and ${outputs.length}`
    const detail = `engine: tensorflow trains models with one input and one output, this one has ${has}; ${advice}`
    return { pointer: '/engine', detail }
  }
  // an Input that the definition does not write is in front of its layers
  const offset = layers.length - definition.layers.length
  for (const [i, layer] of layers.entries()) {
    const wrong = layerMisfit(layer, layers[i - 1])
    if (wrong === null) continue
    const index = i - offset
    const detail = `layers[${index}] ${layer.type}: the engine tensorflow cannot train ${wrong}; ${advice}`
    return { pointer: `/layers/${index}`, detail }
  }
  return null
}

/** What it cannot train, or null. */
function layerMisfit(layer: BuiltLayer, before: BuiltLayer | undefined): string | null {
  const { type, config, sources, shares, weights, inputShapes } = layer
  const supported = supportedLayers[type]
  if (!supported) return `this layer${layerReasons[type] ?? ''} (it has ${listed(Object.keys(supportedLayers))})`
  const inChain = shares === null && sources.every((source) => source.layer === before?.name && source.output === 0)
  if (!inChain || sources.length > 1) return 'graphs: each layer takes what the one before it gives'
  if (layer.outputShapes.length > 1) return 'layers with several outputs'
  for (const weight of weights.values()) if (weight?.constraint) return 'weights under a constraint'
  if (type === 'BatchNormalization' && config.trainable === false) return 'with statistics that stay (trainable: false)'
  // Keras writes the last axis by its number, too
  const isLast = 'axis' in config && config.axis === inputShapes[0]?.length
  const last = { axis: -1 }
  return argumentsMisfit(isLast ? { ...config, ...last } : config, supported)
}

function argumentsMisfit(config: LayerConfig, supported: Supported): string | null {
  const { type } = config
  if ('rate' in config && config.rate === 1) return 'with a rate of 1'
  for (const [name, value] of Object.entries(config)) {
    const wrong =
      name === 'layer' && supported.wraps
        ? wrappedMisfit(value as LayerConfig, supported.wraps) // as the wrapper's schema says
        : argumentMisfit(type, name, value, supported)
    if (wrong !== null) return wrong
  }
  return null
}

function wrappedMisfit(inner: LayerConfig, types: readonly string[]): string | null {
  const supported = supportedLayers[inner.type]
  if (supported && types.includes(inner.type)) return argumentsMisfit(inner, supported)
  return `with ${inner.type} inside; it can with ${listed(types)}`
}

const ownBusiness = /^(type|name|trainable|inputs|seed|synchronized|renorm_momentum)$|_initializer$|_constraint$/
/** Added to the loss from the weights themselves, whatever the layer. */
const penalties = /^(kernel|bias|recurrent|embeddings|gamma|beta|depthwise|pointwise)_regularizer$/

function argumentMisfit(type: string, name: string, value: unknown, { takes, fixed = {} }: Supported): string | null {
  if (ownBusiness.test(name) || penalties.test(name)) return null
  const why = reasons[`${type}.${name}`] ?? reasons[name]
  const refusal = `${name} ${JSON.stringify(value)}${why ? `: ${why}` : ''}`
  if (name in fixed) return value === fixed[name] ? null : refusal
  if (name.endsWith('activation')) return typeof value === 'string' && !(value in activationNames) ? refusal : null
  if (takes.includes(name)) return value === 'causal' ? refusal : null
  return saysNothing(name, value) ? null : refusal
}

const nothing: readonly unknown[] = [null, undefined, false, 0, 'channels_last']

/** Whether an argument changes nothing: off, none, or windows without gaps and channels without groups. */
function saysNothing(name: string, value: unknown): boolean {
  if (name !== 'dilation_rate' && name !== 'groups') return nothing.includes(value)
  return Array.isArray(value) ? value.every((item) => item === 1) : value === 1
}

function lossMisfit(loss: NamedConfig): Misfit | null {
  if (supportedLosses.some((name) => name === loss.name)) return null
  const detail = `loss: the engine tensorflow trains without ${loss.name}; use one of ${listed(supportedLosses)}, or ${advice}`
  return { pointer: '/loss', detail }
}

const notSaid = { weight_decay: null, clipnorm: null, clipvalue: null, global_clipnorm: null, use_ema: false }

function optimizerMisfit(optimizer: OptimizerConfig): Misfit | null {
  if (!supportedOptimizers.some((name) => name === optimizer.name)) {
    const detail = `optimizer: TensorFlow.js has no ${optimizer.name}; use one of ${listed(supportedOptimizers)}, or ${advice}`
    return { pointer: '/optimizer', detail }
  }
  const neutral: Readonly<Record<string, unknown>> = { ...notSaid, gradient_accumulation_steps: null, amsgrad: false }
  const given = Object.entries(optimizer).find(([name, value]) => name in neutral && value !== neutral[name])
  if (!given) return null
  const detail = `optimizer.${given[0]}: the engine tensorflow does without it; leave it out, or ${advice}`
  return { pointer: `/optimizer/${given[0]}`, detail }
}
