/** The bytes of an uploaded text: UTF-8 with or without a byte order mark, or a clear refusal. */
import { isUtf8 } from 'node:buffer'
import { bodyProblem, type Problem } from '../../errors.ts'

const NEWLINE = 10

/** Refuses bytes that are no UTF-8 text, naming the line. @throws {Problem} invalid_dataset */
export function assertUtf8(bytes: Uint8Array): void {
  if (bytes.length === 0) throw refusal('The file is empty: expected a header line and at least one row.')
  if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)) {
    throw refusal('The file is UTF-16 text: expected UTF-8. Save it as UTF-8 and send it again.')
  }
  if (!isUtf8(bytes)) {
    throw refusal(
      `The file is not UTF-8 text: line ${firstBadLine(bytes)} holds bytes that are not UTF-8 (a file of another encoding, ` +
        'such as Windows-1252, or no text at all). Save it as UTF-8 and send it again.',
    )
  }
  if (bytes.includes(0)) throw refusal('The file holds zero bytes: it is no text. Expected CSV or JSON in UTF-8.')
}

/** The text without its byte order mark. @throws {Problem} invalid_dataset */
export function decodeUtf8(bytes: Uint8Array): string {
  assertUtf8(bytes)
  return new TextDecoder('utf-8').decode(bytes)
}

function refusal(detail: string): Problem {
  return bodyProblem('invalid_dataset', '/file', detail)
}

/** Newline bytes never stand inside a UTF-8 sequence, so that each line can be judged alone. */
function firstBadLine(bytes: Uint8Array): number {
  let line = 1
  let start = 0
  while (start < bytes.length) {
    const end = bytes.indexOf(NEWLINE, start)
    const stop = end < 0 ? bytes.length : end
    if (!isUtf8(bytes.subarray(start, stop))) return line
    start = stop + 1
    line++
  }
  return line
}
