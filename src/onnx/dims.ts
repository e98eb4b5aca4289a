/**
 * Arithmetic of dimensions: a dimension is a number, a symbol (`batch`), or a product of both, written `12*batch`, which
 * appears when the batch axis is merged with others.
 */

export type Dim = number | string
export type Shape = readonly Dim[]

interface Product {
  readonly factor: number
  readonly symbols: readonly string[]
}

function parse(dim: Dim): Product {
  if (typeof dim === 'number') return { factor: dim, symbols: [] }
  const parts = dim.split('*')
  const factor = Number(parts[0])
  return Number.isNaN(factor) ? { factor: 1, symbols: parts } : { factor, symbols: parts.slice(1) }
}

function format({ factor, symbols }: Product): Dim {
  if (symbols.length === 0 || factor === 0) return factor
  return [...(factor === 1 ? [] : [String(factor)]), ...[...symbols].sort()].join('*')
}

/** The product of dimensions. */
export function multiplyDims(dims: Shape): Dim {
  const parts = dims.map(parse)
  return format({
    factor: parts.reduce((product, part) => product * part.factor, 1),
    symbols: parts.flatMap((part) => part.symbols),
  })
}

/** `total / divisor`, or null where it does not come out even. */
export function divideDims(total: Dim, divisor: Dim): Dim | null {
  const a = parse(total)
  const b = parse(divisor)
  if (b.factor === 0 || a.factor % b.factor !== 0) return null
  const symbols = [...a.symbols]
  for (const symbol of b.symbols) {
    const at = symbols.indexOf(symbol)
    if (at < 0) return null
    symbols.splice(at, 1)
  }
  return format({ factor: a.factor / b.factor, symbols })
}

/** The sum of dimensions: like terms are collected, what is left is written `(batch+3)`. */
export function addDims(dims: Shape): Dim {
  const terms = dims.flatMap((dim) => (typeof dim === 'string' && sum.test(dim) ? dim.slice(1, -1).split('+') : [dim]))
  const factors = new Map<string, number>()
  for (const term of terms) {
    const { factor, symbols } = parse(Number.isNaN(Number(term)) ? term : Number(term))
    const key = symbols.join('*')
    factors.set(key, (factors.get(key) ?? 0) + factor)
  }
  const constant = factors.get('') ?? 0
  factors.delete('')
  const open = [...factors].sort().map(([key, factor]) => format({ factor, symbols: key.split('*') }))
  const parts = [...open, constant].filter((part) => part !== 0)
  return parts.length > 1 ? `(${parts.join('+')})` : (parts[0] ?? 0)
}

/** A sum as `addDims` writes it. */
const sum = /^\([^()]*\)$/

/** What a dimension is where a symbol has a value; null where another symbol is left. */
export function dimAt(dim: Dim, symbol: string, value: number): number | null {
  const { factor, symbols } = parse(dim)
  return symbols.every((name) => name === symbol) ? factor * value ** symbols.length : null
}

/** A shape for people: `[batch, 3]`. */
export function formatShape(shape: Shape): string {
  return `[${shape.join(', ')}]`
}

/** The shape that two shapes broadcast to (ONNX multidirectional broadcasting), or null where they do not. */
export function broadcastShapes(a: Shape, b: Shape): Shape | null {
  const rank = Math.max(a.length, b.length)
  const result: Dim[] = []
  for (let axis = 0; axis < rank; axis++) {
    const left = a[a.length - rank + axis] ?? 1
    const right = b[b.length - rank + axis] ?? 1
    if (left !== right && left !== 1 && right !== 1) return null
    result.push(left === 1 ? right : left)
  }
  return result
}

/** Whether two shapes are the same, symbol by symbol. */
export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((dim, axis) => dim === b[axis])
}

/** The shape as numbers, or null where a symbol is left. */
export function fixedShape(shape: Shape): readonly number[] | null {
  return shape.every((dim) => typeof dim === 'number') ? (shape as readonly number[]) : null
}

/** The axis counted from the front: -1 is the last. Throws where there is no such axis. */
export function normalizeAxis(axis: number, rank: number): number {
  const normal = axis < 0 ? axis + rank : axis
  if (normal < 0 || normal >= Math.max(rank, 1)) throw new Error(`axis ${axis} is outside of rank ${rank}`)
  return normal
}
