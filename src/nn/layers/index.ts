/** The table of layers, by their Keras class names. */
import { Activation } from './activation.ts'
import { Dense } from './dense.ts'
import { Dropout } from './dropout.ts'
import { Flatten } from './flatten.ts'
import { Input } from './input.ts'
import type { Layer } from './layer.ts'
import { Reshape } from './reshape.ts'
import { Shared } from './shared.ts'

export const layers = { Input, Dense, Activation, Dropout, Flatten, Reshape, Shared } as const satisfies Record<
  string,
  Layer
>

/** The layer of a type that was validated. */
export function layerOf(type: string): Layer {
  const table: Readonly<Record<string, Layer>> = layers
  const layer = Object.hasOwn(table, type) ? table[type] : undefined
  if (!layer) throw new Error(`no layer is named ${type}`)
  return layer
}
