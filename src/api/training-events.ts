/** A training's server-sent events: each epoch, then `finished`; `id` counts up, so that a client can go on where it was. */
import type { Store } from '../store/store.ts'

/** Wakes those who wait for news of a training. */
export interface EventHub {
  /** Calls `wake` when there may be new events of the training, until the answered function is called. */
  subscribe(training: string, wake: () => void): () => void
  close(): Promise<void>
}

/** One subscription to the database's notifications, fanned out to any number of streams. */
export async function openEventHub(trainings: Store['trainings']): Promise<EventHub> {
  const waiting = new Map<string, Set<() => void>>()
  const stop = await trainings.onEvent((training) => {
    for (const wake of waiting.get(training) ?? []) wake()
  })
  return {
    subscribe(training, wake) {
      const wakes = waiting.get(training) ?? new Set()
      waiting.set(training, wakes.add(wake))
      return () => {
        wakes.delete(wake)
        if (wakes.size === 0) waiting.delete(training)
      }
    },
    close: stop,
  }
}

/** What a stream of events needs from outside. */
export interface EventSource {
  readonly training: string
  /** Events up to this number are known to the client: 0 for a new one, else its Last-Event-ID. */
  readonly after: number
  readonly trainings: Pick<Store['trainings'], 'events'>
  readonly hub: EventHub
  /** Ends the stream: the client left, or the service stops. */
  readonly signal: AbortSignal
  readonly heartbeatMs: number
  /** The data of the last event: the training as `GET /v1/trainings/{id}` answers it. */
  finished(): Promise<unknown>
}

/** The text of the stream, piece by piece; ends after `finished` or on the signal. */
export async function* trainingEvents(source: EventSource): AsyncGenerator<string> {
  const bell = openBell(source.signal)
  const unsubscribe = source.hub.subscribe(source.training, bell.ring)
  let after = source.after
  try {
    // The first bytes go out at once, so that the client sees an open stream before the first epoch.
    yield ': connected\n\n'
    while (!source.signal.aborted) {
      for (const { seq, type, data } of await source.trainings.events(source.training, after)) {
        after = seq
        yield eventText(seq, type, type === 'finished' ? await source.finished() : data)
        if (type === 'finished') return
      }
      if (!(await bell.rung(source.heartbeatMs)) && !source.signal.aborted) yield ': heartbeat\n\n'
    }
  } finally {
    unsubscribe()
    bell.close()
  }
}

function eventText(id: number, event: string, data: unknown): string {
  return `id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`
}

/** A bell that remembers a ring nobody waited for, so that no event between reading and waiting is missed. */
function openBell(signal: AbortSignal) {
  let rang = false
  let wake: () => void = () => undefined
  const ring = () => {
    rang = true
    wake()
  }
  signal.addEventListener('abort', ring)
  return {
    ring,
    /** Waits for a ring, at most `timeoutMs`; true when it rang. */
    async rung(timeoutMs: number): Promise<boolean> {
      if (!rang) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, timeoutMs)
          wake = () => {
            clearTimeout(timer)
            resolve()
          }
        })
      }
      const result = rang
      rang = false
      return result
    },
    close: () => signal.removeEventListener('abort', ring),
  }
}
