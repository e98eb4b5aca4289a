/** JSON pointers (RFC 6901) into a request. */

/** `pointer('columns', 'a/b', 3)` is `/columns/a~1b/3`. */
export function pointer(...parts: readonly (string | number)[]): string {
  return parts.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}
