import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { LoaNode, ReportRow } from '../src/lib/api/types';
import { loadAll } from '../src/lib/i18n/index.svelte';
import { Release, unaware } from '../src/lib/state/release.svelte';
import { byHamlet, months } from '../src/lib/state/report';
import { inboxWords } from '../src/lib/words/inbox';
import { monthName, shortfall } from '../src/lib/words/report';
import { inboxItem, latch, NOW, node } from './samples';

beforeAll(loadAll);

describe('a bulletin from above', () => {
  it('says that it waits, and nothing of a decision', () => {
    expect(inboxWords(inboxItem(), NOW)).toEqual({ tone: 'warn', status: 'Chờ quyết định', detail: undefined });
  });

  it('says who declined it and why', () => {
    const declined = inboxItem({
      status: 'declined',
      decided_at: '2026-11-24T02:30:00Z',
      decided_by: 'Lan',
      remark: 'đã phát rồi',
    });
    expect(inboxWords(declined, NOW)).toEqual({ tone: 'calm', status: 'Đã từ chối', detail: 'Lan, 09:30 · lý do: đã phát rồi' });
  });
});

const figures = { airings: 0, minutes: 0, played: 0, partial: 0, pre_empted: 0, missed: 0, refused: 0, unreported: 0 };
const row = (code: string, change: Partial<ReportRow> = {}): ReportRow => ({
  hamlet: { code, name: code },
  class: 'normal',
  ...figures,
  ...change,
});

describe('a monthly report', () => {
  it('is offered for this month and the 23 before it, by the calendar of Vietnam', () => {
    const list = months(Date.parse('2026-12-31T18:00:00Z'));
    expect([list[0], list[1], list.at(-1), list.length]).toEqual(['2027-01', '2026-12', '2025-02', 24]);
  });

  it('names the month as its reader does', () => {
    expect(monthName('2026-11')).toBe('tháng 11 năm 2026');
  });

  it('puts the classes of a hamlet together', () => {
    const rows = [row('a'), row('a', { class: 'priority' }), row('b')];
    expect(byHamlet(rows).map((hamlet) => [hamlet.code, hamlet.rows.length])).toEqual([
      ['a', 2],
      ['b', 1],
    ]);
  });

  it('names what was not heard whole, and nothing when all was', () => {
    expect(shortfall({ ...figures, partial: 2, missed: 1 })).toBe('phát dở 2 · không phát được 1');
    expect(shortfall({ ...figures, played: 9 })).toBe('');
  });
});

describe('releasing what was stopped', () => {
  afterEach(() => void vi.useRealTimers());

  const setUp = (release: (id: string) => Promise<unknown>) => {
    const view = { latches: [latch(), latch({ id: 'l2' })], nodes: new Map<string, LoaNode>() };
    return { view, release: new Release({ release }, view) };
  };

  it('does nothing until it is confirmed', async () => {
    const released: string[] = [];
    const { view, release } = setUp(async (id) => released.push(id));
    release.ask([latch()]);
    expect(released).toEqual([]);
    await release.confirm();
    expect(released).toEqual(['l1']);
    expect(view.latches.map((one) => one.id)).toEqual(['l2']);
    expect(release.asked).toEqual([]);
  });

  it('says why it failed, and keeps asking for what is still stopped', async () => {
    const { view, release } = setUp((id) => (id === 'l2' ? Promise.reject(new TypeError('network')) : Promise.resolve()));
    release.ask([latch(), latch({ id: 'l2' })]);
    await release.confirm();
    expect(release.problem).toBeInstanceOf(TypeError);
    expect(release.asked.map((one) => one.id)).toEqual(['l2']);
    expect(view.latches.map((one) => one.id)).toEqual(['l2']);
  });

  it('waits until the nodes have heard of it, for what they are sent earlier they refuse', async () => {
    vi.useFakeTimers({ now: NOW });
    const { view, release } = setUp(() => Promise.resolve());
    view.latches = [];
    view.nodes.set('n1', node({ latched: true }));
    let done = false;
    void release.heard().then(() => {
      done = true;
    });
    await vi.advanceTimersByTimeAsync(500);
    expect(done).toBe(false);
    view.nodes.set('n1', node());
    await vi.advanceTimersByTimeAsync(100);
    expect(done).toBe(true);
  });

  it('does not wait for ever for a node that says nothing new', async () => {
    vi.useFakeTimers({ now: NOW });
    const { view, release } = setUp(() => Promise.resolve());
    view.latches = [];
    view.nodes.set('n1', node({ latched: true }));
    const heard = release.heard();
    await vi.advanceTimersByTimeAsync(11_000);
    await expect(heard).resolves.toBeUndefined();
  });

  it('waits for no node that is away, or that something else holds', () => {
    expect(unaware([node({ latched: true })], [])).toHaveLength(1);
    expect(unaware([node({ latched: true, status: 'lost' })], [])).toEqual([]);
    expect(unaware([node({ latched: true })], [latch()])).toEqual([]);
  });
});
