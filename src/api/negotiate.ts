/** Which of several forms a client wants: `?format` decides, else the Accept header, else the first form. */
import { negotiate } from '@fastify/accept-negotiator'
import type { FastifyRequest } from 'fastify'

/**
 * @param mediaTypes form → media type, the default first
 * @param format what the query asked for, if it did
 */
export function chooseForm<F extends string>(
  request: FastifyRequest,
  mediaTypes: Readonly<Record<F, string>>,
  format?: F,
): F {
  if (format !== undefined) return format
  const forms = Object.keys(mediaTypes) as F[] // the keys of a record of F are F
  const accepted = negotiate(request.headers.accept ?? '*/*', Object.values<string>(mediaTypes))
  return forms.find((form) => mediaTypes[form] === accepted) ?? (forms[0] as F) // a table of forms is never empty
}
