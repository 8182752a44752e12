// The server-sent events format (WHATWG HTML, section 9.2), read from a byte stream. EventSource hides comments and status codes;
// the page needs both, to notice a link that died silently and a session that ended.

export interface ServerEvent {
  event: string;
  data: string;
}

/** Feeds text in pieces of any size; gives each event once it is complete. */
export class EventParser {
  #line = '';
  #skipLineFeed = false;
  #event = '';
  #data: string[] = [];

  push(text: string): ServerEvent[] {
    const events: ServerEvent[] = [];
    for (const char of text) {
      if (char === '\n' && this.#skipLineFeed) {
        this.#skipLineFeed = false;
        continue;
      }
      this.#skipLineFeed = char === '\r';
      if (char === '\n' || char === '\r') {
        const event = this.#endLine();
        if (event) events.push(event);
      } else {
        this.#line += char;
      }
    }
    return events;
  }

  #endLine(): ServerEvent | undefined {
    const line = this.#line;
    this.#line = '';
    if (line === '') return this.#dispatch();
    if (line.startsWith(':')) return undefined;
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'event') this.#event = value;
    if (field === 'data') this.#data.push(value);
    return undefined;
  }

  #dispatch(): ServerEvent | undefined {
    const event = { event: this.#event || 'message', data: this.#data.join('\n') };
    const empty = this.#data.length === 0;
    this.#event = '';
    this.#data = [];
    return empty ? undefined : event;
  }
}
