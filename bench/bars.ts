/** What the engine is to reach on each workload, beside others, and whether it did. */
import type { PeerName } from './peers/index.ts'
import type { PeerResult, WorkloadResult } from './training.ts'
import type { WorkloadName } from './workloads/index.ts'

/** Peers of one library; a bar is held against the fastest of them. */
const families = {
  JAX: ['jax', 'jax-step'],
  PyTorch: ['pytorch', 'pytorch-fused', 'pytorch-compile', 'pytorch-channels-last'],
  Keras: ['keras-tensorflow', 'keras-jax', 'keras-torch'],
} as const satisfies Record<string, readonly PeerName[]>

type Family = keyof typeof families

interface Bar {
  readonly what: 'step' | 'memory'
  readonly of: Family
  /** The engine's number over theirs. */
  readonly most: number
}

const step = (of: Family, most: number): Bar => ({ what: 'step', of, most })

const bars: Readonly<Record<WorkloadName, readonly Bar[]>> = {
  'mlp-32-adam': [step('JAX', 1.3), step('PyTorch', 0.4)],
  'mlp-32-sgd': [step('JAX', 1)],
  'mlp-512-adam': [step('JAX', 0.8)],
  cnn: [step('PyTorch', 0.75)],
  bilstm: [step('JAX', 0.8), step('PyTorch', 1.2)],
  bigcnn: [step('PyTorch', 0.8), { what: 'memory', of: 'PyTorch', most: 2.5 }],
}
/** On every workload. */
const everywhere: readonly Bar[] = [step('Keras', 0.75)]
/** Of the networks that are small: from the definition to a session. */
const mostBuildMs = 100

const numberOf = {
  step: ({ microseconds }: PeerResult) => microseconds.median,
  memory: ({ peakMegabytes }: PeerResult) => peakMegabytes,
}

export interface Verdict {
  readonly bar: string
  readonly value: number
  readonly most: number
}

/** The bars of a workload, of those whose peers are there. */
export function verdictsOf({ name, results }: WorkloadResult): Verdict[] {
  const own = results.find(({ peer }) => peer === 'fitserve')
  if (!own) return []
  const held = [...(bars[name as WorkloadName] ?? []), ...everywhere].flatMap(({ what, of, most }) => {
    const family = results.filter(({ peer }) => (families[of] as readonly string[]).includes(peer))
    const best = family.toSorted((a, b) => numberOf[what](a) - numberOf[what](b))[0]
    if (!best) return []
    return [{ bar: `${what} to ${best.label}`, value: numberOf[what](own) / numberOf[what](best), most }]
  })
  const others = results.filter(({ peer }) => peer !== 'fitserve' && peer !== 'prototype')
  const soonest = others.toSorted((a, b) => a.wholeSeconds - b.wholeSeconds)[0]
  if (soonest) {
    const value = own.wholeSeconds / soonest.wholeSeconds
    held.push({ bar: `definition to weights after 3,000 steps, to ${soonest.label}`, value, most: 1 })
  }
  if (own.buildAgainMs !== null) {
    held.push({ bar: 'definition to session, ms, the first in a process', value: own.buildMs, most: mostBuildMs })
    held.push({
      bar: 'definition to session, ms, the same once more in the process',
      value: own.buildAgainMs,
      most: mostBuildMs,
    })
  }
  return held
}

/** One line each. */
export function formatVerdicts(verdicts: readonly Verdict[]): string {
  return verdicts
    .map(({ bar, value, most }) => {
      const shown = value >= 10 ? value.toFixed(0) : value.toFixed(2)
      return `- ${value <= most ? 'met' : 'missed'}: ${bar} ${shown}, at most ${most}`
    })
    .join('\n')
}
