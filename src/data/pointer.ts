/** JSON pointers (RFC 6901) into a request. */
import { escapeKey } from '../mistakes.ts'

/** `pointer('columns', 'a/b', 3)` is `/columns/a~1b/3`. */
export function pointer(...parts: readonly (string | number)[]): string {
  return parts.map((part) => `/${escapeKey(String(part))}`).join('')
}
