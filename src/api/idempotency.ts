/** `Idempotency-Key`: the same key and body again gets the first answer, and nothing is created twice. */
import { createHash } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import type { Store } from '../store/store.ts'

/**
 * Runs `create`, or answers what it answered when this key came with this body before.
 * @param create answers JSON: it is stored with the key
 * @throws {Problem} idempotency_key_reused when the key came with another body
 */
export function createOnce<T>(
  idempotency: Store['idempotency'],
  request: FastifyRequest,
  create: () => Promise<T>,
): Promise<T> {
  const key = request.headers['idempotency-key']
  if (typeof key !== 'string') return create()
  const hash = createHash('sha256').update(JSON.stringify(request.body)).digest('hex')
  return idempotency.once(key, `${request.method} ${request.url}`, hash, create)
}
