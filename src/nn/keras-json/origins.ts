/** Where each part of a definition came from in the Keras JSON, so that mistakes point into what the caller sent. */
import { Problem, type ProblemPart } from '../../errors.ts'
import { unescapeKey } from '../../mistakes.ts'

export interface Origins {
  /** A part of the definition stands at `origin` in the Keras JSON, and what is below it below that. */
  set(pointer: string, origin: string): void
  /** The pointer into the Keras JSON for a pointer into the definition: that of the longest known prefix. */
  of(pointer: string): string
  /** A mistake that the reading itself found. */
  mistake(origin: string, detail: string): void
  readonly mistakes: readonly ProblemPart[]
}

/** `settle` makes pointers into what is read pointers into what was given. */
export function createOrigins(settle: (pointer: string) => string = (pointer) => pointer): Origins {
  const known = new Map<string, string>()
  const mistakes: ProblemPart[] = []
  return {
    set: (pointer, origin) => void known.set(pointer, origin),
    of: (pointer) => {
      for (let end = pointer.length; end > 0; end = pointer.lastIndexOf('/', end - 1)) {
        const origin = known.get(pointer.slice(0, end))
        if (origin !== undefined) return settle(`${origin}${pointer.slice(end)}`)
      }
      return known.get('') ?? ''
    },
    mistake: (origin, detail) => {
      const pointer = settle(origin)
      mistakes.push({ in: 'body', pointer, detail: `${placeOf(pointer)}: ${detail}` })
    },
    mistakes,
  }
}

/** A problem of the definition as one of the Keras JSON. */
export function atOrigins(problem: Problem, origins: Origins): Problem {
  const errors = problem.errors.map((part) => {
    const pointer = origins.of(part.pointer)
    return { ...part, pointer, detail: `${placeOf(pointer)}: ${part.detail}` }
  })
  return new Problem(problem.code, errors[0]?.detail ?? problem.detail, { errors, cause: problem.cause })
}

/** `/config/layers/0` as `config.layers[0]`. */
function placeOf(pointer: string): string {
  const keys = pointer.split('/').slice(1).map(unescapeKey)
  return (
    keys.map((key, i) => (/^\d+$/.test(key) ? `[${key}]` : `${i > 0 ? '.' : ''}${key}`)).join('') || 'the Keras JSON'
  )
}
