/** A client of server-sent events for tests. */

export interface ServerEvent {
  readonly id: string
  readonly type: string
  readonly data: unknown
}

/** The events of a stream as they arrive; comments are skipped. */
export async function* readEvents(
  url: string,
  headers: Record<string, string> = {},
): AsyncGenerator<ServerEvent, undefined> {
  const response = await fetch(url, { headers: { accept: 'text/event-stream', ...headers } })
  if (response.status !== 200 || response.body === null) throw new Error(`${url} answered ${response.status}`)
  let text = ''
  const decoder = new TextDecoder()
  for await (const chunk of response.body) {
    text += decoder.decode(chunk, { stream: true })
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const event = parseEvent(text.slice(0, end))
      text = text.slice(end + 2)
      if (event !== null) yield event
    }
  }
  return undefined
}

function parseEvent(block: string): ServerEvent | null {
  const fields = new Map(block.split('\n').map((line) => line.split(/: (.*)/s, 2) as [string, string]))
  const data = fields.get('data')
  return data === undefined
    ? null
    : { id: fields.get('id') ?? '', type: fields.get('event') ?? '', data: JSON.parse(data) }
}
