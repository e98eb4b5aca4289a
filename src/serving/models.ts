/** Published versions, ready to predict: loaded once, kept in a bounded cache, closed when nobody uses them. */
import { LRUCache } from 'lru-cache'
import type { Warning } from '../errors.ts'
import { openSession, type Session } from '../runtime/session.ts'
import type { VersionRow } from '../store/schema.ts'
import type { Store } from '../store/store.ts'
import { type Answers, type InstanceAnswer, toAnswers, toOutputAnswers } from './answers.ts'
import { instanceReader } from './instances.ts'
import { toSignature } from './signature.ts'

export interface Prediction {
  readonly model: string
  readonly version: number
  readonly predictions: InstanceAnswer[]
  readonly warnings: Warning[]
}

export interface Models {
  /**
   * Predicts with a version of a model, or with its newest one (`version` null).
   * @throws {Problem} model_not_found, model_not_trained, version_not_found, invalid_instance, engine_failed
   */
  predict(model: string, version: number | null, instances: readonly unknown[]): Promise<Prediction>
  /** Versions that are loaded now. */
  loaded(): number
  /** Forgets what it knows of versions: a model was deleted. */
  forget(): void
  close(): Promise<void>
}

interface ServingConfig {
  readonly modelCacheSize: number
  readonly executionProviders: readonly string[]
}

/** How long another process's publishing or deleting may stay unseen; this process's own is seen at once. */
const rowAgeMs = 1000

/** Opens the cache; it hears of new versions through the store's notifications. */
export async function openModels(store: Store, config: ServingConfig): Promise<Models> {
  const rows = new LRUCache<string, Promise<VersionRow>>({ max: 10_000, ttl: rowAgeMs })
  const sessions = openSessionCache(store, config)
  const stopListening = await store.trainings.onEvent(() => rows.clear())
  const findRow = (model: string, version: number | null) =>
    remember(rows, version === null ? model : `${model}@${version}`, () =>
      version === null ? store.versions.latest(model) : store.versions.get(model, version),
    )
  return {
    async predict(model, version, instances) {
      const row = await findRow(model, version)
      return sessions.use(row, async ({ session, read, answer }) => {
        const { feeds, warnings } = read(instances)
        const answers = answer(await session.run(feeds))
        const told = [...warnings, ...answers.warnings]
        return { model, version: row.version, predictions: answers.predictions, warnings: told }
      })
    },
    loaded: sessions.size,
    forget: () => rows.clear(),
    async close() {
      await stopListening()
      await sessions.close()
    },
  }
}

/** Concurrent callers share one query or load; a failed one is not kept. */
function remember<T>(cache: LRUCache<string, Promise<T>>, key: string, load: () => Promise<T>): Promise<T> {
  const known = cache.get(key)
  if (known !== undefined) return known
  const loading = load()
  cache.set(key, loading)
  loading.catch(() => {
    if (cache.peek(key) === loading) cache.delete(key)
  })
  return loading
}

interface Loaded {
  readonly session: Session
  readonly read: ReturnType<typeof instanceReader>
  readonly answer: (outputs: Awaited<ReturnType<Session['run']>>) => Answers
  /** Predictions at work; the session closes when it is evicted and this is 0. */
  users: number
  evicted: boolean
}

/** Keyed by blob, which is never written twice: a deleted model's name may come back, its sessions do not. */
function openSessionCache(store: Store, config: ServingConfig) {
  const closings = new Set<Promise<void>>()
  const closeIfIdle = (loaded: Loaded) => {
    if (!loaded.evicted || loaded.users > 0) return
    const closing = loaded.session.close().finally(() => closings.delete(closing))
    closings.add(closing)
  }
  const evict = (loaded: Loaded) => {
    loaded.evicted = true
    closeIfIdle(loaded)
  }
  const cache = new LRUCache<string, Promise<Loaded>>({
    max: config.modelCacheSize,
    // A load that failed was reported to those who asked for it; there is nothing to close.
    dispose: (loading) => void loading.then(evict, () => undefined),
  })
  const load = async (row: VersionRow): Promise<Loaded> => {
    const session = await openSession(await store.blobs.get(row.blobKey), { providers: config.executionProviders })
    const { features, target, targets } = toSignature(row.signature)
    const answer: Loaded['answer'] = (outputs) =>
      targets ? toOutputAnswers(targets, outputs) : toAnswers(target, outputs)
    return { session, read: instanceReader(features), answer, users: 0, evicted: false }
  }
  return {
    size: () => cache.size,
    async use<T>(row: VersionRow, work: (loaded: Loaded) => Promise<T>): Promise<T> {
      const loaded = await remember(cache, row.blobKey, () => load(row))
      loaded.users += 1
      try {
        return await work(loaded)
      } finally {
        loaded.users -= 1
        closeIfIdle(loaded)
      }
    },
    async close() {
      const open = [...cache.values()]
      cache.clear()
      await Promise.allSettled(open)
      await Promise.all(closings)
    },
  }
}
