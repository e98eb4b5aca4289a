/**
 * The served model: raw values in, answers out. The preprocessing fitted on the training rows, the network in inference
 * mode and the decoding of the target are one ONNX graph, so that callers never repeat any of it.
 */
import type { FittedEncoder, IdRange } from '../data/encoders/encoder.ts'
import { inputNames, lowerGroups } from '../data/encoders/table-encoder.ts'
import { type FittedTarget, lowerTarget, targetOutputs } from '../data/target.ts'
import { type AdaptedNumbers, adaptedNumbers } from '../nn/adapted.ts'
import { callModel } from '../nn/lower.ts'
import type { Model } from '../nn/model.ts'
import { createBuilder } from '../onnx/builder.ts'
import { toBytes } from '../onnx/codec.ts'
import { Graph } from '../onnx/graph.ts'
import { prune } from '../onnx/passes/prune.ts'
import type { NamedTensor } from '../onnx/safetensors.ts'
import type { Value } from '../onnx/value.ts'
import { noNoise } from './no-noise.ts'

export interface ExportSpec {
  readonly model: Model
  /** What each of the model's inputs is fed from, in the model's order. */
  readonly inputs: readonly { readonly encoders: readonly FittedEncoder[] }[]
  readonly target: FittedTarget
  /** Of a model that learned several outputs: each one's, in the model's order. */
  readonly targets?: readonly FittedTarget[]
  readonly weights: ReadonlyMap<string, NamedTensor>
}

/** One raw value of an instance, and the graph's input that takes it, [batch, 1] or, a tensor, [batch, …shape]. */
export interface SignatureFeature {
  readonly name: string
  readonly input: string
  readonly type: FittedEncoder['type']
  /** The categories seen in training; another text is encoded as zeros. */
  readonly categories?: readonly string[]
  /** Of a tensor. */
  readonly shape?: readonly number[]
  /** Of a tensor: shorter sequences are filled up with zeros at their end. */
  readonly padded?: boolean
  /** Where the network looks values up: whole numbers in this range, the ends included. */
  readonly range?: IdRange
  /** False where a missing value is filled in by the policy of the training. */
  readonly required: boolean
  /** What stands in for a missing value; null where it is required. */
  readonly fill: number | string | boolean | null
}

export interface SignatureTarget {
  readonly name: string
  readonly kind: FittedTarget['kind']
  readonly labels?: readonly string[]
  /** Of a target with several numbers per row. */
  readonly shape?: readonly number[]
}

export interface ModelSignature {
  readonly version: 1
  readonly features: readonly SignatureFeature[]
  /** Of several the first. */
  readonly target: SignatureTarget
  /** Where the model learned several outputs: each, in the model's order; its graph outputs are `<output>_label`, … */
  readonly targets?: readonly (SignatureTarget & { readonly output: string })[]
  /** Mean and variance of the training rows, at the layers that have taken them; left out where none has. */
  readonly normalizations?: readonly AdaptedNumbers[]
  /** The initializers of the graph that are the model's weights, in the order of its layers. */
  readonly weights: readonly string[]
}

/** The bytes of the served model (inputs [batch, 1] per feature, outputs as `lowerTarget` says) and what it takes and gives. */
export function exportModel({ model, inputs, target, targets, weights }: ExportSpec): {
  bytes: Uint8Array
  signature: ModelSignature
} {
  const graph = Graph.create(model.name ?? 'model')
  const op = createBuilder(graph)
  const served = (targets ?? [target]).map((own, i) => {
    return { target: own, prefix: targets ? `${model.outputs[i]?.name}_` : '' }
  })
  const outputNames = served.flatMap(({ target: own, prefix }) =>
    targetOutputs[own.kind].map((name) => `${prefix}${name}`),
  )
  // a feature with the name of an output gets another for its input
  const kept = targets ? outputNames : undefined
  for (const name of outputNames) graph.reserve(name)
  const groups = inputs.map(({ encoders }) => encoders)
  const { encoded } = lowerGroups(op, groups, kept)
  const xs = encoded.map((x, i) => {
    const shape = model.inputs[i]?.shape ?? []
    return x.shape.length === shape.length + 1 ? x : op.Reshape(x, op.ints([-1, ...shape]))
  })
  const constants = Object.fromEntries(
    model.weights.map(({ name }) => {
      const weight = weights.get(name)
      if (!weight) throw new Error(`the weight ${name} is missing`)
      return [name, op.constant({ type: 'float32', dims: weight.shape, data: weight.data }, name)]
    }),
  )
  const called = callModel(op, model, xs, constants, noNoise)
  for (const [i, { target: own, prefix }] of served.entries()) {
    const { outputs } = lowerTarget(op, own, called.outputs[i] as Value<'float32'>)
    for (const name of targetOutputs[own.kind]) graph.output(op.Identity(outputs[name] as Value), `${prefix}${name}`)
  }
  prune(graph)
  const normalizations = adaptedNumbers(model, weights)
  const signature = {
    ...signatureOf(groups.flat(), target, kept),
    ...(targets && {
      targets: targets.map((own, i) => ({ output: model.outputs[i]?.name ?? '', ...signatureTarget(own) })),
    }),
    ...(normalizations.length > 0 && { normalizations }),
    weights: Object.values(constants).map(({ name }) => name),
  }
  return { bytes: toBytes(graph), signature }
}

function signatureOf(
  encoders: readonly FittedEncoder[],
  target: FittedTarget,
  outputNames: readonly string[] | undefined,
): Omit<ModelSignature, 'weights'> {
  const inputs = inputNames(encoders, outputNames)
  return {
    version: 1,
    features: encoders.map((encoder) => ({
      name: encoder.column,
      input: inputs[encoder.column] ?? encoder.column,
      type: encoder.type,
      ...(encoder.type === 'category' && { categories: encoder.categories }),
      ...(encoder.type === 'tensor' && { shape: encoder.shape, padded: encoder.padded }),
      ...('range' in encoder && encoder.range && { range: encoder.range }),
      required: encoder.missing.fill === null,
      fill: encoder.missing.fill,
    })),
    target: signatureTarget(target),
  }
}

function signatureTarget(target: FittedTarget): SignatureTarget {
  return {
    name: target.column,
    kind: target.kind,
    ...('labels' in target && { labels: target.labels }),
    ...(target.type === 'tensor' && { shape: target.shape }),
  }
}
