/**
 * Axes that a definition leaves open (`null` in the shape of an `Input`, as the time axis of a text): bound to the data's
 * length when a training is compiled, and told as null until then.
 */
import { bodyProblem } from '../errors.ts'
import type { Definition } from './definition.ts'
import { declaredShape } from './layers/input.ts'
import { type BuiltLayer, buildModel, type Model } from './model.ts'
import { nameLayers } from './names.ts'
import { type Summary, summarize } from './summary.ts'

/** The definition with every open axis of `length`; null where the number of axes of an input is open too. */
function bound(definition: Definition, length: number): Definition | null {
  const inputs = definition.layers.filter(({ type }) => type === 'Input')
  if (inputs.length === 0 || inputs.some((input) => declaredShape(input) === null)) return null
  const layers = definition.layers.map((layer) =>
    layer.type === 'Input' ? { ...layer, shape: declaredShape(layer)?.map((axis) => axis ?? length) } : layer,
  )
  return { ...definition, layers }
}

/** Two lengths that no stride, window or size makes equal by chance, long enough for the usual windows. */
const lengths = [211, 347] as const

/** The model with its open axes of some length, for what does not depend on it; null where the axes are not known. */
export function modelOfSomeLength(definition: Definition): Model | null {
  const some = bound(definition, lengths[0])
  return some && buildModel(some)
}

/**
 * The summary of a model with open axes, null standing for every length that follows from them; null where an input does
 * not say how many axes it has. Lengths follow from the open ones where two different ones give two different results.
 * @throws {Problem} shape_mismatch for a layer whose weights need the open length
 */
export function summarizeOpen(definition: Definition): Summary | null {
  const [one, other] = lengths.map((length) => bound(definition, length)).map((some) => some && buildModel(some))
  if (!one || !other) return null
  const names = nameLayers(definition.layers)
  for (const [i, layer] of one.layers.entries()) assertSameWeights(layer, other.layers[i], names.indexOf(layer.name))
  const summary = summarize(one)
  const otherLayers = summarize(other).layers
  return {
    ...summary,
    layers: summary.layers.map((layer, i) => ({
      ...layer,
      output_shape: layer.output_shape.map((axis, k) => (axis === otherLayers[i]?.output_shape[k] ? axis : null)),
    })),
  }
}

function assertSameWeights(layer: BuiltLayer, other: BuiltLayer | undefined, index: number): void {
  const shapes = ({ weights }: BuiltLayer) => JSON.stringify([...weights.values()].map((weight) => weight?.shape))
  if (other && shapes(layer) === shapes(other)) return
  const detail = `layers[${index}] ${layer.type} ${JSON.stringify(layer.name)}: its weights need the length of an axis that Input leaves open (null); give the length, or put a layer before it that does not depend on it (a recurrent layer, GlobalAveragePooling1D)`
  throw bodyProblem('shape_mismatch', `/layers/${index}`, detail)
}
