/**
 * A training's state as one safetensors file: weights under their names, optimizer slots under `optimizer/<slot>/<weight>`,
 * and where the training stands in the file's metadata.
 */
import { fromSafetensors, type NamedTensor, toSafetensors } from '../onnx/safetensors.ts'
import type { PlateauState } from './callbacks/reduce-lr-on-plateau.ts'

/** Sums over the part of an epoch that has run, so that a stopped training goes on in the middle of an epoch. */
export interface EpochSums {
  /** Sum over rows of the loss, penalties included. */
  readonly loss: number
  /** The same of each output without penalties, where several are learned or steps are masked. */
  readonly outputLosses?: readonly number[]
  /** Where steps are masked: over how many rows, or real steps, `outputLosses` go. */
  readonly steps?: readonly number[]
  /** Where steps are masked: the sum over rows of the penalties. */
  readonly penalties?: number
  readonly rows: number
  readonly seconds: number
  /** The metrics' own states, as JSON. */
  readonly metrics: Readonly<Record<string, unknown>>
}

export interface Position {
  /** Epochs that have ended. */
  readonly epoch: number
  /** Optimizer steps of the epoch that is under way. */
  readonly stepInEpoch: number
  /** Optimizer steps since the start. */
  readonly step: number
  readonly sums: EpochSums | null
  /** The epoch with the lowest monitored loss so far. */
  readonly best: { readonly epoch: number; readonly value: number } | null
  /** Where the lowering of the learning rate stands, for trainings that have it. */
  readonly plateau?: PlateauState
}

export interface TrainingState {
  readonly weights: ReadonlyMap<string, NamedTensor>
  /** By slot name, then by weight name. Empty for optimizers without slots. */
  readonly slots: ReadonlyMap<string, ReadonlyMap<string, NamedTensor>>
  readonly position: Position
}

const positionKey = 'fitserve.position'
const slotPrefixKey = 'fitserve.slot_prefix'

/** What slot tensors' names start with: `optimizer/`, or longer where a layer of that name is in the model. */
function slotPrefixFor(weights: Iterable<string>): string {
  const names = [...weights]
  let prefix = 'optimizer/'
  while (names.some((name) => name.startsWith(prefix))) prefix = `_${prefix}`
  return prefix
}

/** The bytes of a checkpoint. */
export function checkpointToBytes({ weights, slots, position }: TrainingState): Uint8Array {
  const tensors = new Map(weights)
  const slotPrefix = slotPrefixFor(weights.keys())
  for (const [slot, values] of slots) {
    for (const [name, tensor] of values) tensors.set(`${slotPrefix}${slot}/${name}`, tensor)
  }
  return toSafetensors({ tensors, metadata: { [positionKey]: JSON.stringify(position), [slotPrefixKey]: slotPrefix } })
}

/** Reads a checkpoint. Throws where the bytes are not one. */
export function checkpointFromBytes(bytes: Uint8Array): TrainingState {
  const { tensors, metadata } = fromSafetensors(bytes)
  const position = metadata[positionKey]
  const slotPrefix = metadata[slotPrefixKey]
  if (position === undefined || slotPrefix === undefined)
    throw new Error('the file is no checkpoint: its metadata has no position')
  const weights = new Map<string, NamedTensor>()
  const slots = new Map<string, Map<string, NamedTensor>>()
  for (const [name, tensor] of tensors) {
    if (!name.startsWith(slotPrefix)) {
      weights.set(name, tensor)
      continue
    }
    const end = name.indexOf('/', slotPrefix.length)
    const slot = name.slice(slotPrefix.length, end)
    const values = slots.get(slot) ?? new Map<string, NamedTensor>()
    slots.set(slot, values.set(name.slice(end + 1), tensor))
  }
  return { weights, slots, position: JSON.parse(position) as Position }
}
