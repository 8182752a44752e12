import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Problem } from '../src/lib/api/problem';
import { EventStream, type LinkState, SILENCE_MS } from '../src/lib/live/stream';

/** A broker's end of the link, in the test's hands. */
class Wire {
  readonly attempts: { signal: AbortSignal; at: number }[] = [];
  #feed: ReadableStreamDefaultController<Uint8Array> | undefined;
  answer: () => Promise<Response> = () => Promise.resolve(this.stream());

  fetch: typeof fetch = (_url, init) => {
    const signal = init?.signal as AbortSignal;
    this.attempts.push({ signal, at: Date.now() });
    signal.addEventListener('abort', () => {
      try {
        this.#feed?.error(signal.reason);
      } catch {
        // Closed before.
      }
    });
    return this.answer();
  };

  stream(): Response {
    const start = (feed: ReadableStreamDefaultController<Uint8Array>) => {
      this.#feed = feed;
    };
    return new Response(new ReadableStream({ start }));
  }
  say(text: string) {
    this.#feed?.enqueue(new TextEncoder().encode(text));
  }
  hangUp() {
    this.#feed?.close();
  }
}

const watched = (wire: Wire, random = () => 1) => {
  const seen: string[] = [];
  const states: [LinkState, string | undefined][] = [];
  const stream = new EventStream(
    '/events',
    {
      onOpen: () => seen.push('open'),
      onEvent: (event) => seen.push(event.event),
      onState: (state: LinkState, problem?: Problem) => states.push([state, problem?.code]),
    },
    { fetch: wire.fetch, random },
  );
  return { stream, seen, states };
};
const settle = () => vi.advanceTimersByTimeAsync(0);

describe('the link', () => {
  beforeEach(() => void vi.useFakeTimers({ now: 0 }));
  afterEach(() => void vi.useRealTimers());

  it('says that it is open before any event', async () => {
    const wire = new Wire();
    const { stream, seen } = watched(wire);
    stream.open();
    await settle();
    wire.say('event: hello\ndata: {}\n\nevent: node\ndata: {}\n\n');
    await settle();
    expect(seen).toEqual(['open', 'hello', 'node']);
  });

  it('comes back with growing pauses, and at once after a link that worked', async () => {
    const wire = new Wire();
    const { stream } = watched(wire);
    wire.answer = () => Promise.reject(new TypeError('network'));
    stream.open();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(wire.attempts.map(({ at }) => at)).toEqual([0, 1_000, 3_000, 7_000, 15_000, 30_000, 45_000, 60_000]);
    wire.answer = () => Promise.resolve(wire.stream());
    await vi.advanceTimersByTimeAsync(15_000);
    wire.say(':\n\n');
    await settle();
    const before = wire.attempts.length;
    wire.hangUp();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(wire.attempts).toHaveLength(before + 1);
  });

  it('spreads pauses, so that phones do not all come back at once', async () => {
    const wire = new Wire();
    wire.answer = () => Promise.reject(new TypeError('network'));
    watched(wire, () => 0).stream.open();
    await vi.advanceTimersByTimeAsync(600);
    expect(wire.attempts.map(({ at }) => at)).toEqual([0, 500]);
  });

  it('takes a link without a word or comment for dead', async () => {
    const wire = new Wire();
    const { stream, states } = watched(wire);
    stream.open();
    await settle();
    await vi.advanceTimersByTimeAsync(SILENCE_MS - 1);
    wire.say(': keep-alive\n\n');
    await settle();
    await vi.advanceTimersByTimeAsync(SILENCE_MS - 1);
    expect(states.at(-1)?.[0]).toBe('open');
    await vi.advanceTimersByTimeAsync(1);
    expect(states.at(-1)).toEqual(['waiting', 'page_timeout']);
    expect(wire.attempts[0]?.signal.aborted).toBe(true);
  });

  it('stops asking when the session is over', async () => {
    const wire = new Wire();
    const { stream, states } = watched(wire);
    wire.answer = () => Promise.resolve(new Response('{"code":"sign_in_required"}', { status: 401 }));
    stream.open();
    await vi.advanceTimersByTimeAsync(120_000);
    expect(states.at(-1)).toEqual(['refused', 'sign_in_required']);
    expect(wire.attempts).toHaveLength(1);
  });

  it('tries at once when told that the network is back, but never twice at a time', async () => {
    const wire = new Wire();
    const { stream } = watched(wire);
    wire.answer = () => Promise.reject(new TypeError('network'));
    stream.open();
    await vi.advanceTimersByTimeAsync(10_000);
    const before = wire.attempts.length;
    wire.answer = () => new Promise(() => {});
    stream.hurry();
    stream.hurry();
    await settle();
    expect(wire.attempts).toHaveLength(before + 1);
  });

  it('is silent after it was closed, and opens again only once', async () => {
    const wire = new Wire();
    const { stream, seen, states } = watched(wire);
    stream.open();
    await settle();
    stream.close();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(wire.attempts).toHaveLength(1);
    expect(states.at(-1)?.[0]).toBe('closed');
    stream.open();
    stream.open();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(wire.attempts).toHaveLength(2);
    expect(seen).toEqual(['open', 'open']);
  });
});
