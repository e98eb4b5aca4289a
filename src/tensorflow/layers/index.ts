/** The layers that the second engine trains, by their Keras class names. */
import { attentionLayers } from './attention.ts'
import { convolutionLayers } from './convolutions.ts'
import { elementwiseLayers } from './elementwise.ts'
import { type EngineLayer, formula } from './layer.ts'
import { libraryLayers } from './library.ts'
import { mergingLayers } from './merging.ts'
import { noiseLayers } from './noise.ts'
import { normalizationLayers } from './normalization.ts'
import { placeLayers } from './places.ts'
import { poolingLayers } from './pooling.ts'
import { recurrentLayers } from './recurrent.ts'
import { timeDistributed } from './time-distributed.ts'

export const engineLayers: Readonly<Record<string, EngineLayer>> = {
  Input: formula({ takes: ['shape'], call: ({ x }) => x }),
  Identity: formula({ takes: [], call: ({ x }) => x }),
  ...libraryLayers,
  ...elementwiseLayers,
  ...placeLayers,
  ...mergingLayers,
  ...normalizationLayers,
  ...noiseLayers,
  ...convolutionLayers,
  ...poolingLayers,
  ...recurrentLayers,
  ...attentionLayers,
  TimeDistributed: timeDistributed(engineLayerOf),
}

/** The layer of a type that the engine has. */
export function engineLayerOf(type: string): EngineLayer {
  const layer = Object.hasOwn(engineLayers, type) ? engineLayers[type] : undefined
  if (!layer) throw new Error(`the engine tensorflow has no layer ${type}`)
  return layer
}
