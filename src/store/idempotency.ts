/** Creating requests with an Idempotency-Key: the first one does the work, the same again gets its answer. */

export interface Idempotency {
  /**
   * Runs `create` once per route and key and keeps its answer (JSON) for a day. The same key and body again, also at
   * the same time, gets that answer; when `create` throws, nothing is kept.
   * @throws {Problem} idempotency_key_reused for the same key with another body
   */
  once<T>(key: string, route: string, bodyHash: string, create: () => Promise<T>): Promise<T>
}
