/** Layers inside of wrappers: what they take over from the wrapper, and what of theirs holds for their weights. */
import type { LayerConfig, WeightDeclaration } from '../layer.ts'

/** The layer as the wrapper calls it: a wrapper that keeps its weights keeps all of them, as Keras' setter hands it down. */
export function asInside<C extends LayerConfig>(layer: C, { trainable }: LayerConfig): C {
  return trainable === false ? { ...layer, trainable: false } : layer
}

type Declarations = Readonly<Record<string, WeightDeclaration | null>>

/** What a layer inside declares, kept as it is where the layer says so. */
export function declaredInside(declarations: Declarations, { trainable }: LayerConfig): Declarations {
  if (trainable !== false) return declarations
  const kept = Object.entries(declarations).map(
    ([name, weight]) => [name, weight && { ...weight, trainable: false }] as const,
  )
  return Object.fromEntries(kept)
}
