/**
 * Where each weight lies in the training program's state: large weights alone, small ones together in one vector, so that
 * the optimizer's elementwise nodes run once per group and not once per weight (measured: 40 nodes fewer for a small
 * network, 4 to 6 % of a step; a large weight would only be copied by the joining). Where an update is nothing but a sum with
 * the gradient, each weight is one product, and splitting and joining would be all that is left (6 to 16 % of a step).
 */
import { elementCount } from '../onnx/tensor.ts'

/** A weight from here on (64 KiB) stays alone. */
const aloneFromElements = 16384

export interface WeightShape {
  readonly name: string
  readonly shape: readonly number[]
  readonly trainable: boolean
  /** Moved by its layer while training. */
  readonly moving: boolean
}

export interface Member {
  readonly name: string
  readonly shape: readonly number[]
  /** Where it starts in the group's vector. */
  readonly offset: number
  readonly size: number
}

/** Weights that share one vector `[1, size]`. */
export interface Group {
  readonly id: string
  readonly members: readonly Member[]
  readonly size: number
  /** What moves its weights: the optimizer, the formula of their layers, or nothing. */
  readonly kind: 'trained' | 'moving' | 'frozen'
}

export type Layout = readonly Group[]

const kindOf = ({ trainable, moving }: WeightShape): Group['kind'] =>
  trainable ? 'trained' : moving ? 'moving' : 'frozen'

/**
 * The groups of a model's weights: trained ones first, those of other kinds in groups of their own. `joinsTrained` says
 * whether small ones that are trained share one, which does not pay where an update is one product with the gradient.
 */
export function layoutOf(weights: readonly WeightShape[], { joinsTrained = true } = {}): Layout {
  const groups: Group[] = []
  for (const kind of ['trained', 'moving', 'frozen'] as const) {
    const own = weights.filter((weight) => kindOf(weight) === kind)
    const joins = kind !== 'trained' || joinsTrained
    const large = own.filter(({ shape }) => !joins || elementCount(shape) >= aloneFromElements)
    const small = own.filter((weight) => !large.includes(weight))
    const sets = [...large.map((weight) => [weight]), ...(small.length > 0 ? [small] : [])]
    for (const members of sets) groups.push(groupOf(`group${groups.length}`, members, kind))
  }
  return groups
}

function groupOf(id: string, weights: readonly WeightShape[], kind: Group['kind']): Group {
  let size = 0
  const members = weights.map(({ name, shape }) => {
    const member = { name, shape, offset: size, size: elementCount(shape) }
    size += member.size
    return member
  })
  return { id, members, size, kind }
}

/** Values by weight name, joined into one vector per group. Throws where a weight is missing or of another size. */
export function pack(groups: Layout, values: ReadonlyMap<string, Float32Array>): Map<string, Float32Array> {
  return new Map(
    groups.map((group) => {
      const vector = new Float32Array(group.size)
      for (const { name, offset, size } of group.members) {
        const value = values.get(name)
        if (value?.length !== size)
          throw new Error(`weight ${name} has ${value?.length ?? 'no'} elements, expected ${size}`)
        vector.set(value, offset)
      }
      return [group.id, vector]
    }),
  )
}

/** The inverse of `pack`: each weight's values by name, no copies but parts of the vectors. */
export function unpack(groups: Layout, vectors: ReadonlyMap<string, Float32Array>): Map<string, Float32Array> {
  const values = new Map<string, Float32Array>()
  for (const group of groups) {
    const vector = vectors.get(group.id)
    if (!vector) throw new Error(`no vector for ${group.id}`)
    for (const { name, offset, size } of group.members) values.set(name, vector.subarray(offset, offset + size))
  }
  return values
}

/** The groups of some kinds. */
export function groupsOf(groups: Layout, ...kinds: readonly Group['kind'][]): Layout {
  return groups.filter(({ kind }) => kinds.includes(kind))
}
