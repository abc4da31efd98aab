/** Server-sent events, read from the pieces in which they arrive.
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream */

export interface ServerEvent {
  type: string;
  data: string;
}

export class EventStreamReader {
  /** The id of the last event that had one, to resume after a lost connection. */
  lastEventId = '';
  #line = '';
  #endsWithReturn = false;
  #type = '';
  #data: string[] = [];
  #id: string | undefined;

  /** @param text a piece of the stream, cut anywhere
   * @returns the events that it completes */
  read(text: string): ServerEvent[] {
    // CR LF that was split between two pieces is one line end.
    const rest = this.#endsWithReturn && text.startsWith('\n') ? text.slice(1) : text;
    if (text !== '') this.#endsWithReturn = text.endsWith('\r');
    const lines = rest.split(/\r\n|\r|\n/);
    const events: ServerEvent[] = [];
    for (const [index, part] of lines.entries()) {
      this.#line += part;
      if (index === lines.length - 1) break;
      const event = this.#endLine(this.#line);
      if (event !== undefined) events.push(event);
      this.#line = '';
    }
    return events;
  }

  #endLine(line: string): ServerEvent | undefined {
    if (line === '') return this.#dispatch();
    const [, name, value] = /^([^:]*)(?::\u0020?(.*))?$/s.exec(line)!;
    if (name === 'event') this.#type = value ?? '';
    else if (name === 'data') this.#data.push(value ?? '');
    else if (name === 'id' && !value?.includes('\0')) this.#id = value ?? '';
    return undefined;
  }

  #dispatch(): ServerEvent | undefined {
    if (this.#id !== undefined) this.lastEventId = this.#id;
    const event = { type: this.#type || 'message', data: this.#data.join('\n') };
    const isEmpty = this.#data.length === 0;
    this.#type = '';
    this.#data = [];
    this.#id = undefined;
    return isEmpty ? undefined : event;
  }
}
