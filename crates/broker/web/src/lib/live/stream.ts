// The link that carries live news from the broker: opened, watched, reopened with growing pauses, for ever, until closed.
// It promises that `onOpen` comes before any event of a connection, so that the owner can take a fresh snapshot each time.
// It must never hammer the broker: at most one attempt at a time, pauses of 1 to 15 s with jitter; a refused session ends it.
import { type Problem, problemFromAnswer, problemFromThrown } from '../api/problem';
import { EventParser, type ServerEvent } from './sse';

/** The broker sends a comment every 15 s; two missed ones and a bit mean the link is dead. */
export const SILENCE_MS = 35_000;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 15_000;

export type LinkState = 'connecting' | 'open' | 'waiting' | 'refused' | 'closed';

export interface StreamOwner {
  onOpen(): void;
  onEvent(event: ServerEvent): void;
  onState(state: LinkState, problem?: Problem): void;
}

export interface StreamOptions {
  fetch?: typeof fetch;
  random?: () => number;
}

export class EventStream {
  readonly #url: string;
  readonly #owner: StreamOwner;
  readonly #fetch: typeof fetch;
  readonly #random: () => number;
  #attempt: AbortController | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;
  #closed = true;

  constructor(url: string, owner: StreamOwner, options: StreamOptions = {}) {
    this.#url = url;
    this.#owner = owner;
    this.#fetch = options.fetch ?? ((...args) => fetch(...args));
    this.#random = options.random ?? Math.random;
  }

  open(): void {
    if (!this.#closed) return;
    this.#closed = false;
    this.#failures = 0;
    void this.#connect();
  }

  /** The phone says the network is back, or the page is looked at again: don't wait out the pause. */
  hurry(): void {
    if (this.#closed || this.#attempt) return;
    clearTimeout(this.#timer);
    void this.#connect();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#attempt?.abort();
    this.#attempt = undefined;
    this.#owner.onState('closed');
  }

  async #connect(): Promise<void> {
    const attempt = new AbortController();
    this.#attempt = attempt;
    this.#owner.onState('connecting');
    let watchdog: ReturnType<typeof setTimeout> | undefined;
    const alive = () => {
      clearTimeout(watchdog);
      watchdog = setTimeout(() => attempt.abort(new DOMException('', 'TimeoutError')), SILENCE_MS);
    };
    let problem: Problem;
    try {
      alive();
      const answer = await this.#fetch(this.#url, {
        headers: { accept: 'text/event-stream' },
        cache: 'no-store',
        signal: attempt.signal,
      });
      if (!answer.ok || !answer.body) {
        throw problemFromAnswer(answer.status, await answer.json().catch(() => undefined));
      }
      this.#owner.onState('open');
      this.#owner.onOpen();
      await this.#read(answer.body, alive);
      problem = problemFromThrown(new TypeError('the stream ended'));
    } catch (thrown) {
      problem = problemFromThrown(thrown);
    } finally {
      clearTimeout(watchdog);
    }
    if (this.#attempt !== attempt) return;
    this.#attempt = undefined;
    this.#pause(problem);
  }

  async #read(body: ReadableStream<Uint8Array>, alive: () => void): Promise<void> {
    const parser = new EventParser();
    const decoder = new TextDecoder();
    const reader = body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done || this.#closed) return;
      alive();
      this.#failures = 0;
      for (const event of parser.push(decoder.decode(value, { stream: true }))) this.#owner.onEvent(event);
    }
  }

  #pause(problem: Problem): void {
    if (problem.status === 401 || problem.status === 403) {
      this.#closed = true;
      this.#owner.onState('refused', problem);
      return;
    }
    const pause = Math.min(FIRST_PAUSE_MS * 2 ** this.#failures, LONGEST_PAUSE_MS) * (0.5 + this.#random() / 2);
    this.#failures += 1;
    this.#owner.onState('waiting', problem);
    this.#timer = setTimeout(() => void this.#connect(), pause);
  }
}
