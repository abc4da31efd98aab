/** Server-sent events, as they arrive.
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html */

export interface ServerEvent {
  type: string;
  data: string;
  /** The id of the last event that had one. */
  id: string | undefined;
}

/** In characters. Generous, as the stream comes from a sidecar if the address is right. */
const MAX_EVENT = 256 * 1024 * 1024;

/** @throws Error if an event does not end */
export async function* eventsIn(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<ServerEvent> {
  let type = '';
  let data: string[] = [];
  let id: string | undefined;
  for await (const line of linesIn(chunks)) {
    if (line === '') {
      if (data.length > 0) yield { type: type || 'message', data: data.join('\n'), id };
      type = '';
      data = [];
      continue;
    }
    const [, field, value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line)!;
    if (field === 'data') data.push(value);
    else if (field === 'event') type = value;
    else if (field === 'id' && !value.includes('\0')) id = value;
  }
}

/** Lines end with CR LF, LF or CR. */
async function* linesIn(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let parts: string[] = [];
  let length = 0;
  let isAfterCr = false;
  for await (const chunk of chunks) {
    let text = decoder.decode(chunk, { stream: true });
    if (text === '') continue;
    if (isAfterCr && text.startsWith('\n')) text = text.slice(1);
    isAfterCr = text.endsWith('\r');
    const lines = text.split(/\r\n|\n|\r/);
    const rest = lines.pop()!;
    for (const line of lines) {
      yield [...parts, line].join('');
      parts = [];
      length = 0;
    }
    parts.push(rest);
    length += rest.length;
    if (length > MAX_EVENT) throw new Error('an event does not end');
  }
}
