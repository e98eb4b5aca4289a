/** Layers that merge inputs element by element: what they share. */
import type { Builder } from '../../../onnx/builder.ts'
import type { Bool, Real } from '../../../onnx/value.ts'
import { defineLayer, type Layer, type LayerContext, layerConfig, type Mask } from '../layer.ts'

/**
 * A layer over one or more inputs, element by element. An input with fewer axes gets axes of length 1 after the batch, and
 * an axis of length 1 counts for all, as in Keras.
 * @throws {Problem} shape_mismatch where the inputs do not fit each other
 */
export function defineElementwise<const T extends string>(
  type: T,
  about: string,
  merge: (op: Builder, inputs: readonly Real[], context: LayerContext) => Real,
  arity: Layer['arity'] = { least: 1, most: 64 },
): Layer {
  return defineLayer({
    config: layerConfig(type, {}, about),
    arity,
    misfit: (_config, _shape, { inputShapes }) =>
      fitEachOther(inputShapes) ? null : 'inputs whose lengths are the same or 1, counted from the last axis',
    layout: 'any',
    mask: eitherMask,
    call: (op, _x, _weights, _config, context) => merge(op, sameRank(op, context), context),
  })
}

function fitEachOther(shapes: readonly (readonly number[])[]): boolean {
  const rank = Math.max(...shapes.map(({ length }) => length))
  return Array.from({ length: rank }, (_, i) => -1 - i).every((axis) => {
    const lengths = new Set(shapes.map((shape) => shape.at(axis) ?? 1))
    lengths.delete(1)
    return lengths.size <= 1
  })
}

/** The inputs with as many axes as the one with most. */
function sameRank(op: Builder, { inputs, channelAxis }: Pick<LayerContext, 'inputs' | 'channelAxis'>): Real[] {
  const rank = Math.max(...inputs.map(({ shape }) => shape.length))
  // new axes come before the others of a sample, which is after the channels where those come first
  const at = channelAxis === 1 ? 2 : 1
  return inputs.map((x) => {
    const missing = rank - x.shape.length
    return missing === 0 ? x : op.Unsqueeze(x, op.ints(Array.from({ length: missing }, (_, i) => at + i)))
  })
}

/** A step is real where it is in any input; all steps are where an input has no mask. */
export function eitherMask(op: Builder, _inputs: readonly Real[], masks: readonly Mask[]): Mask {
  const given = masks.filter((mask) => mask !== null)
  if (given.length < masks.length) return null
  return given.reduce((all: Bool, mask) => op.Or(all, mask))
}

/** A mask [batch, time] for sequences of features. */
export function overFeatures(op: Builder, mask: Bool, { channelAxis }: LayerContext): Bool {
  return op.Unsqueeze(mask, op.ints([channelAxis]))
}
