/** Multipart forms: the file's bytes and the fields beside it become the request's body, checked like any other. */
import { createHash } from 'node:crypto'
import type {} from '@fastify/multipart'
import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { bodyProblem, Problem } from '../errors.ts'

/** A file of a multipart form. As JSON (for a hash of the body) it stands for its content. */
export class UploadedFile {
  readonly filename: string
  readonly bytes: Uint8Array

  constructor(filename: string, bytes: Uint8Array) {
    this.filename = filename
    this.bytes = bytes
  }

  toJSON(): { filename: string; sha256: string } {
    return { filename: this.filename, sha256: createHash('sha256').update(this.bytes).digest('hex') }
  }
}

/** The schema of a form's file: shown as binary content; only its presence is validated. */
export const FilePart = Type.Unsafe<UploadedFile>({ format: 'binary', contentMediaType: 'application/octet-stream' })

/**
 * A preValidation hook: reads a multipart form into `request.body`; a JSON body is left alone.
 * @param jsonFields fields whose text is JSON
 * @throws {Problem} malformed_multipart, malformed_json where there is no body at all, payload_too_large, or invalid_request at a field that is not JSON
 */
export function readForm(jsonFields: readonly string[]) {
  return async (request: FastifyRequest): Promise<void> => {
    if (!request.isMultipart()) {
      if (request.body === undefined) throw new Problem('malformed_json', 'The body is empty: send a form or JSON')
      return
    }
    const body: Record<string, unknown> = {}
    try {
      for await (const part of request.parts({ limits: { files: 1 } })) {
        const isJson = part.type === 'field' && jsonFields.includes(part.fieldname)
        if (part.type === 'file') body[part.fieldname] = new UploadedFile(part.filename, await part.toBuffer())
        else body[part.fieldname] = isJson ? parseField(part.fieldname, String(part.value)) : part.value
      }
    } catch (error) {
      throw formProblem(error)
    }
    request.body = body
  }
}

function parseField(name: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw bodyProblem('invalid_request', `/${name}`, `${name} must be JSON: ${reason}`)
  }
}

/** Problems and errors that Fastify names pass; what the form's parser says about broken bytes becomes a problem. */
function formProblem(error: unknown): unknown {
  if (error instanceof Problem || (error instanceof Error && 'code' in error)) return error
  const reason = error instanceof Error ? error.message : String(error)
  return new Problem('malformed_multipart', `The multipart form cannot be read: ${reason}`, { cause: error })
}
