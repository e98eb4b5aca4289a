/**
 * What the second engine can train, without loading TensorFlow.js itself, so that a request is refused before anything is
 * queued. Left out is what TensorFlow.js 4.22 lacks, and what it gets wrong: each with its reason.
 */
import { layerOf } from '../nn/layers/index.ts'
import type { LayerConfig } from '../nn/layers/layer.ts'
import type { BuiltLayer, Model } from '../nn/model.ts'
import { type Given, type NamedConfig, resolveNamed } from '../nn/named.ts'
import type { OptimizerConfig } from '../nn/optimizers/optimizer.ts'
import { regularizers } from '../nn/regularizers/index.ts'
import { engineActivations } from './activations.ts'
import { engineConstraints } from './constraints.ts'
import { engineLayers } from './layers/index.ts'
import type { EngineLayer } from './layers/layer.ts'
import { engineLosses } from './losses.ts'
import { engineOptimizers } from './optimizers.ts'
import { engineRegularizers } from './regularizers.ts'

/** Why an argument that is refused is: `<layer>.<argument>` or the argument of any layer. */
const reasons: Readonly<Record<string, string>> = {
  dilation_rate: 'TensorFlow.js has no dilation of transposed convolutions',
  output_padding: 'TensorFlow.js has no output_padding',
}

const layerReasons: Readonly<Record<string, string>> = {
  Conv3DTranspose: 'whose gradient TensorFlow.js lacks',
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
  /** Of the model's output, or of the first of several. */
  readonly loss: NamedConfig
  /** Where several outputs are learned: each of them. */
  readonly outputs?: readonly { readonly name: string; readonly loss: NamedConfig }[]
  readonly optimizer: OptimizerConfig
  /** As the request has it. */
  readonly device: string
}

const advice = 'leave engine out to train with onnxruntime'
const listed = (names: readonly string[]) => names.join(', ')

/** What of a planned training the engine `tensorflow` cannot do: the first thing found, or null. */
export function tensorflowMisfit(request: EngineRequest): Misfit | null {
  const { definition, model, optimizer, device } = request
  return deviceMisfit(device) ?? modelMisfit(model, definition) ?? lossesMisfit(request) ?? optimizerMisfit(optimizer)
}

function deviceMisfit(device: string): Misfit | null {
  if (device === 'auto' || device === 'cpu') return null
  return { pointer: '/device', detail: `device: the engine tensorflow runs on cpu, received ${device}; ${advice}` }
}

function modelMisfit({ layers }: Model, { layers: written }: EngineRequest['definition']): Misfit | null {
  for (const layer of layers) {
    const wrong = layer.shares === null ? layerMisfit(layer) : null
    if (wrong === null) continue
    const index = placeOf(layer, layers, written)
    const detail = `layers[${index}] ${layer.type}: the engine tensorflow cannot train ${wrong}; ${advice}`
    return { pointer: `/layers/${index}`, detail }
  }
  return null
}

/** Where a layer stands in the definition. */
function placeOf(layer: BuiltLayer, layers: readonly BuiltLayer[], written: readonly unknown[]): number {
  const named = written.findIndex((one) => (one as LayerConfig).name === layer.name)
  // without a name the definition is a chain, or in the order of the model; an Input that is not written is in front
  return named >= 0 ? named : layers.indexOf(layer) - (layers.length - written.length)
}

/** What it cannot train, or null. */
function layerMisfit({ type, config, weights }: BuiltLayer): string | null {
  for (const weight of weights.values()) {
    const constraint = weight?.constraint?.name
    if (constraint && !engineConstraints.includes(constraint)) return `weights under the constraint ${constraint}`
  }
  return configMisfit({ ...config, type })
}

function configMisfit(config: LayerConfig): string | null {
  const { type } = config
  const layer = Object.hasOwn(engineLayers, type) ? engineLayers[type] : undefined
  if (!layer)
    return `this layer, ${layerReasons[type] ?? 'which TensorFlow.js lacks'} (it has ${listed(Object.keys(engineLayers))})`
  const wrong = layer.misfit?.(config) ?? null
  if (wrong !== null) return wrong
  const wraps = layerOf(type).wraps ?? []
  for (const [name, value] of Object.entries(config)) {
    const reason =
      wraps.includes(name) && value !== null
        ? insideMisfit(value as LayerConfig) // as the wrapper's schema says
        : argumentMisfit(name, value, layer)
    if (reason !== null) return reason
  }
  return null
}

function insideMisfit(inner: LayerConfig): string | null {
  const wrong = configMisfit(inner)
  return wrong && `with ${inner.type} inside: ${wrong}`
}

const ownBusiness =
  /^(type|name|trainable|inputs|activation|synchronized|data_format|renorm_momentum)$|_initializer$|_constraint$|_regularizer$/

function argumentMisfit(name: string, value: unknown, { takes, fixed = {} }: EngineLayer): string | null {
  if (name.endsWith('activation') && typeof value === 'string' && !engineActivations.includes(value))
    return `the activation ${value}`
  if (name.endsWith('_regularizer') && value !== null && value !== undefined) return regularizerMisfit(value as Given)
  if (ownBusiness.test(name)) return null
  const refusal = `${name} ${JSON.stringify(value)}${reasons[name] ? `: ${reasons[name]}` : ''}`
  if (name in fixed) return value === fixed[name] ? null : refusal
  return takes.includes(name) || saysNothing(name, value) ? null : refusal
}

function regularizerMisfit(given: Given): string | null {
  const { name } = resolveNamed(regularizers, given)
  return engineRegularizers.includes(name) ? null : `the regularizer ${name}`
}

const nothing: readonly unknown[] = [null, undefined, false, 0]

/** Whether an argument changes nothing: off, none, or windows without gaps. */
function saysNothing(name: string, value: unknown): boolean {
  return name === 'dilation_rate' ? [value].flat().every((item) => item === 1) : nothing.includes(value)
}

function lossesMisfit({ loss, outputs }: EngineRequest): Misfit | null {
  if (!outputs) return lossMisfit(loss, '/loss')
  return outputs.reduce<Misfit | null>((found, one) => found ?? lossMisfit(one.loss, `/loss/${one.name}`), null)
}

function lossMisfit({ name }: NamedConfig, pointer: string): Misfit | null {
  if (engineLosses.includes(name)) return null
  const where = pointer.slice(1).replaceAll('/', '.')
  const detail = `${where}: the engine tensorflow trains without ${name}; use one of ${listed(engineLosses)}, or ${advice}`
  return { pointer, detail }
}

function optimizerMisfit({ name }: OptimizerConfig): Misfit | null {
  if (engineOptimizers.includes(name)) return null
  const detail = `optimizer: TensorFlow.js has no ${name}; use one of ${listed(engineOptimizers)}, or ${advice}`
  return { pointer: '/optimizer', detail }
}
