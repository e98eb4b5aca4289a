/** `RNN` around one of Keras' own cells is the layer of that cell: `RNN(LSTMCell(8))` is `LSTM(8)`, with the same weights. */
import { isSerialized, type Serialized } from './json.ts'
import type { Origins } from './origins.ts'
import type { RawLayer } from './read-layer.ts'

const layerOfCell: Readonly<Record<string, string>> = { SimpleRNNCell: 'SimpleRNN', LSTMCell: 'LSTM', GRUCell: 'GRU' }

/** The recurrent layer that an `RNN` with a cell is; what is to be written instead where there is none. */
export function cellOf({ config: { cell, ...loop } }: Serialized): Serialized | string {
  const known = Object.keys(layerOfCell).join(', ')
  if (!isSerialized(cell)) return `is a cell: one of ${known}`
  const { class_name, config } = cell
  if (class_name === 'StackedRNNCells') {
    return 'StackedRNNCells is not read: write a recurrent layer for each cell, all but the last with return_sequences'
  }
  const layer = Object.hasOwn(layerOfCell, class_name) ? layerOfCell[class_name] : undefined
  return layer ? { class_name: layer, config: { ...config, ...loop } } : `is one of ${known}, received ${class_name}`
}

/** Pointers of the layer's arguments into the cell, where they stand. */
export function cellAt(layer: RawLayer | null, at: { pointer: string; origin: string }, origins: Origins) {
  const ofLoop = ['name', 'trainable', 'return_sequences', 'return_state', 'go_backwards', 'stateful', 'unroll']
  for (const argument of Object.keys(layer ?? {})) {
    const place = ofLoop.includes(argument) ? '/config' : '/config/cell/config'
    if (argument !== 'type') origins.set(`${at.pointer}/${argument}`, `${at.origin}${place}/${argument}`)
  }
  return layer
}
