import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Broadcast, InboxItem, Latch, LoaNode } from '../src/lib/api/types';
import { withAiring, withSnapshot } from '../src/lib/live/merge';
import { Live } from '../src/lib/state/live.svelte';
import { airing, broadcast, inboxItem, latch, NOW, node } from './samples';

describe('news of an airing', () => {
  const playing = broadcast([airing({ status: 'playing', started_at: '2026-11-24T02:59:55Z' })]);

  it('moves it on', () => {
    expect(withAiring(broadcast([airing()]), airing({ status: 'waiting' })).airings[0]?.status).toBe('waiting');
    expect(withAiring(playing, airing({ status: 'played' })).airings[0]?.status).toBe('played');
  });

  it('never moves it back, but tells whether the node is there', () => {
    const news = withAiring(playing, airing({ status: 'sent', node_online: false })).airings[0];
    expect(news).toMatchObject({ status: 'playing', node_online: false });
  });

  it('lets a later outcome correct an earlier one', () => {
    const missed = broadcast([airing({ status: 'missed', reason: 'node_silent' })]);
    expect(withAiring(missed, airing({ status: 'played', heard_ms: 20_000 })).airings[0]?.status).toBe('played');
  });

  it('leaves the other airings alone and adds one that was not known', () => {
    const two = withAiring(playing, airing({ airing: 'a2' }));
    expect(two.airings.map((one) => [one.airing, one.status])).toEqual([
      ['a1', 'playing'],
      ['a2', 'sent'],
    ]);
  });

  it('is not undone by a snapshot that was on its way before', () => {
    const played = withAiring(playing, airing({ status: 'played' }));
    const merged = withSnapshot(played, broadcast([airing({ status: 'playing' })], { stopped_at: '2026-11-24T03:00:00Z' }));
    expect(merged.airings[0]?.status).toBe('played');
    expect(merged.stopped_at).toBe('2026-11-24T03:00:00Z');
  });
});

/** A broker that answers snapshots when the test says so. */
class Broker {
  asked = 0;
  latched: Latch[] = [];
  above: InboxItem[] | undefined = [];
  #answers: ((value: [LoaNode[], Broadcast[]] | Error) => void)[] = [];
  #pending: Promise<[LoaNode[], Broadcast[]]> | undefined;

  #ask() {
    this.#pending ??= new Promise((resolve, reject) => {
      this.asked += 1;
      this.#answers.push((value) => {
        this.#pending = undefined;
        if (value instanceof Error) reject(value);
        else resolve(value);
      });
    });
    return this.#pending;
  }
  nodes = async () => (await this.#ask())[0];
  broadcasts = async () => ({ items: (await this.#ask())[1] });
  latches = async () => ({ items: this.latched });
  inbox = () => (this.above ? Promise.resolve({ items: this.above }) : Promise.reject(new TypeError('network')));
  async answer(value: [LoaNode[], Broadcast[]] | Error) {
    this.#answers.shift()?.(value);
    await vi.advanceTimersByTimeAsync(0);
  }
}

const event = (name: string, data: unknown) => ({ event: name, data: JSON.stringify(data) });

describe('the live picture', () => {
  beforeEach(() => void vi.useFakeTimers({ now: NOW }));
  afterEach(() => void vi.useRealTimers());
  const open = () => {
    const broker = new Broker();
    const live = new Live(broker, { fetch: () => Promise.resolve(new Response(new ReadableStream())) });
    return { broker, live };
  };

  it('is empty until the first snapshot has come', async () => {
    const { broker, live } = open();
    live.open();
    await vi.advanceTimersByTimeAsync(0);
    expect(live.loaded).toBe(false);
    await broker.answer([[node()], [broadcast([airing()])]]);
    expect(live.loaded).toBe(true);
    expect([...live.nodes.keys()]).toEqual(['n1']);
  });

  it('keeps what was said while the snapshot was on its way', async () => {
    const { broker, live } = open();
    live.open();
    await vi.advanceTimersByTimeAsync(0);
    live.take(event('node', node({ status: 'lost' })));
    live.take(event('airing', { broadcast: 'r1', airing: airing({ status: 'played' }) }));
    await broker.answer([[node()], [broadcast([airing({ status: 'playing' })])]]);
    expect(live.nodes.get('n1')?.status).toBe('lost');
    expect(live.broadcasts.get('r1')?.airings[0]?.status).toBe('played');
  });

  it('forgets nodes that a snapshot no longer has', async () => {
    const { broker, live } = open();
    void live.resync();
    await broker.answer([[node(), node({ id: 'n2' })], []]);
    void live.resync();
    await broker.answer([[node()], []]);
    expect([...live.nodes.keys()]).toEqual(['n1']);
  });

  it('asks again when a snapshot fails, and not after it was closed', async () => {
    const { broker, live } = open();
    live.open();
    await vi.advanceTimersByTimeAsync(0);
    await broker.answer(new TypeError('network'));
    await vi.advanceTimersByTimeAsync(2_000);
    expect(broker.asked).toBe(2);
    live.close();
    await broker.answer([[node()], []]);
    expect(live.nodes.size).toBe(0);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(broker.asked).toBe(2);
  });

  it('takes a snapshot without a stream when no stream comes', async () => {
    const broker = new Broker();
    const live = new Live(broker, { fetch: () => new Promise(() => {}) });
    live.open();
    await vi.advanceTimersByTimeAsync(2_000);
    await broker.answer([[node()], []]);
    expect(live.loaded).toBe(true);
  });

  it('knows which airings may still sound', async () => {
    const { broker, live } = open();
    void live.resync();
    const expired = { expires_at: '2026-11-24T02:59:59Z' };
    await broker.answer([
      [node()],
      [
        broadcast([airing({ airing: 'waits' }), airing({ airing: 'over', status: 'missed' })]),
        broadcast([airing({ airing: 'late' }), airing({ airing: 'sounds', status: 'playing' })], { id: 'r2', ...expired }),
      ],
    ]);
    expect(live.openAirings().map((open) => open.airing.airing)).toEqual(['waits', 'sounds']);
  });

  it('knows what is stopped, and hears when that changes', async () => {
    const { broker, live } = open();
    broker.latched = [latch()];
    void live.resync();
    await broker.answer([[node()], []]);
    expect(live.latches).toEqual([latch()]);
    live.take(event('latches', { items: [] }));
    expect(live.latches).toEqual([]);
  });

  it('keeps what came from above until it is over', async () => {
    const { broker, live } = open();
    broker.above = [inboxItem(), inboxItem({ id: 'i2' })];
    void live.resync();
    await broker.answer([[node()], []]);
    live.take(event('inbox', { item: inboxItem({ status: 'declined' }) }));
    live.take(event('inbox', { item: inboxItem({ id: 'i3', status: 'queued' }) }));
    expect([...live.inbox.keys()]).toEqual(['i2', 'i3']);
  });

  it('shows the nodes even when what came from above cannot be had', async () => {
    const { broker, live } = open();
    broker.above = undefined;
    void live.resync();
    await broker.answer([[node()], []]);
    expect(live.loaded).toBe(true);
  });
});
