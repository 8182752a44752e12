import { describe, expect, it } from 'vitest';
import { Problem } from '../src/lib/api/problem';
import type { Broadcast, NewBulletin } from '../src/lib/api/types';
import { type Draft, emptyDraft, type Intent, readDraft } from '../src/lib/state/draft';
import { bulletinOf, Sender } from '../src/lib/state/send.svelte';
import { broadcast, clip } from './samples';

/** A broker that starts one broadcast a key, as ours does. */
class Broker {
  bulletins: NewBulletin[] = [];
  asked: { bulletin: string; areas: string[]; key: string }[] = [];
  started = new Map<string, Broadcast>();
  failures: Error[] = [];
  before: () => Promise<void> = () => Promise.resolve();

  addBulletin = async (body: NewBulletin) => {
    await this.before();
    this.bulletins.push(body);
    return { id: `b${this.bulletins.length}` };
  };
  play = async (bulletin: string, areas: string[], key: string) => {
    this.asked.push({ bulletin, areas, key });
    const known = this.started.get(key) ?? broadcast([], { id: `r${this.started.size + 1}` });
    this.started.set(key, known);
    const failure = this.failures.shift();
    if (failure) throw failure;
    return known;
  };
}

const draft = (change: Partial<Draft> = {}): Draft => ({
  ...emptyDraft(),
  text: 'Kính mời bà con đi họp',
  voice: 'vi',
  ...change,
});
const areas = ['31699-01'];

describe('sending', () => {
  it('starts one broadcast however often the button is tapped', async () => {
    const broker = new Broker();
    const sender = new Sender(broker);
    const taps = [1, 2, 3].map(() => sender.send(draft(), areas, 'x', undefined, () => {}));
    const results = await Promise.all(taps);
    expect(results.map((result) => result?.id)).toEqual(['r1', undefined, undefined]);
    expect(broker.asked).toHaveLength(1);
    expect(sender.busy).toBe(false);
  });

  it('repeats the same intent after an answer that got lost, even after a reload', async () => {
    const broker = new Broker();
    broker.failures.push(new Problem('page_timeout'));
    let kept = draft();
    const keep = (intent: Intent) => {
      kept = { ...kept, intent };
    };
    await expect(new Sender(broker).send(kept, areas, 'x', undefined, keep)).rejects.toThrow('page_timeout');
    const reloaded = readDraft(JSON.parse(JSON.stringify(kept)));
    const result = await new Sender(broker).send(reloaded, areas, 'x', undefined, keep);
    expect(result?.id).toBe('r1');
    expect(broker.bulletins).toHaveLength(1);
    expect(new Set(broker.asked.map(({ key }) => key)).size).toBe(1);
    expect(broker.started.size).toBe(1);
  });

  it('makes a bulletin for the programme without broadcasting it, once, and broadcasts the same one later', async () => {
    const broker = new Broker();
    let kept = draft();
    const keep = (intent: Intent) => {
      kept = { ...kept, intent };
    };
    const sender = new Sender(broker);
    const made = await Promise.all([1, 2].map(() => sender.make(kept, areas, 'x', undefined, keep)));
    expect(made).toEqual(['b1', undefined]);
    expect(broker.asked).toEqual([]);
    await sender.send(kept, areas, 'x', undefined, keep);
    expect(broker.asked.map(({ bulletin }) => bulletin)).toEqual(['b1']);
    expect(broker.bulletins).toHaveLength(1);
  });

  it('stores the intent before anything leaves the phone', async () => {
    const broker = new Broker();
    const order: string[] = [];
    broker.before = async () => void order.push('sent');
    await new Sender(broker).send(draft(), areas, 'x', undefined, () => order.push('kept'));
    expect(order).toEqual(['kept', 'sent', 'kept']);
  });

  it.each<[string, Partial<Draft>, string[]]>([
    ['another text', { text: 'Khác' }, areas],
    ['another class', { class: 'priority' }, areas],
    ['another voice', { voice: 'vi-vn-x-south' }, areas],
    ['another title', { title: 'Họp' }, areas],
    ['another place', {}, ['31699-02']],
  ])('takes %s for another broadcast', async (_what, change, where) => {
    const broker = new Broker();
    let kept = draft();
    const keep = (intent: Intent) => {
      kept = { ...kept, intent };
    };
    await new Sender(broker).send(kept, areas, 'x', undefined, keep);
    await new Sender(broker).send({ ...kept, ...change }, where, 'x', undefined, keep);
    expect(new Set(broker.asked.map(({ key }) => key)).size).toBe(2);
    expect(broker.bulletins).toHaveLength(2);
  });

  it('airs the clip that was heard in the preview', () => {
    expect(bulletinOf(draft(), 'x', clip({ hash: 'heard' }))).toMatchObject({ clip: 'heard', text: 'Kính mời bà con đi họp' });
    expect(bulletinOf(draft(), 'x')).not.toHaveProperty('clip');
  });

  it('gives a recording a title of its own', () => {
    const recording = { clip: clip(), name: 'recording.webm', at: '2026-11-24T03:00:00Z' };
    expect(bulletinOf(draft({ source: 'record', recording }), 'Bản tin lúc 10:00')).toEqual({
      title: 'Bản tin lúc 10:00',
      language: 'vi',
      class: 'normal',
      clip: recording.clip.hash,
    });
  });
});
