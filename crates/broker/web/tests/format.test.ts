import { describe, expect, it } from 'vitest';
import * as format from '../src/lib/i18n/format';

const at = (text: string) => Date.parse(text);

describe('times', () => {
  it('are those of Vietnam wherever the phone is', () => {
    expect(format.clockTime('vi', '2026-11-24T16:05:00Z')).toBe('23:05');
    expect(format.hourOfDay('2026-11-24T17:00:00Z')).toBe(0);
    expect(format.hourOfDay('2026-11-24T16:59:59Z')).toBe(23);
  });

  it.each([
    ['2026-11-24T03:00:00Z', '2026-11-24T16:59:00Z', 0],
    ['2026-11-24T16:59:00Z', '2026-11-24T17:01:00Z', 1],
    ['2026-12-31T16:00:00Z', '2027-01-01T03:00:00Z', 1],
    ['2026-02-27T03:00:00Z', '2026-03-01T03:00:00Z', 2],
  ])('count days by the calendar there: %s to %s', (then, now, days) => {
    expect(format.daysAgo(then, at(now))).toBe(days);
  });

  it('name the day', () => {
    const now = at('2026-11-24T03:00:00Z');
    expect(format.dayName('vi', '2026-11-24T01:00:00Z', now)).toBe('Hôm nay');
    expect(format.dayName('vi', '2026-11-23T01:00:00Z', now)).toBe('Hôm qua');
    expect(format.dayName('en', '2026-11-23T01:00:00Z', now)).toBe('Yesterday');
    expect(format.dayName('vi', '2026-11-20T01:00:00Z', now)).toContain('20');
    expect(format.dayName('vi', '2025-11-20T01:00:00Z', now)).toContain('2025');
  });

  it('carry the day only when it is not today', () => {
    const now = at('2026-11-24T03:00:00Z');
    expect(format.moment('vi', '2026-11-24T01:30:00Z', now)).toBe('08:30');
    expect(format.moment('vi', '2026-11-20T01:30:00Z', now)).toBe('08:30 ngày 20/11');
  });

  it.each([
    [5, '5 giây trước', '5 seconds ago'],
    [125, '2 phút trước', '2 minutes ago'],
    [7_300, '2 giờ trước', '2 hours ago'],
    [200_000, '2 ngày trước', '2 days ago'],
  ])('say how long ago: %i s', (seconds, vi, en) => {
    const now = at('2026-11-24T03:00:00Z');
    expect(format.ago('vi', now - seconds * 1000, now)).toBe(vi);
    expect(format.ago('en', now - seconds * 1000, now)).toBe(en);
  });

  it('never speak of the future, though clocks differ', () => {
    const now = at('2026-11-24T03:00:00Z');
    expect(format.ago('vi', now + 4000, now)).toBe('vừa xong');
  });
});

describe('lengths and amounts', () => {
  it.each([
    [0, '0:00'],
    [999, '0:00'],
    [83_400, '1:23'],
    [3_720_000, '1:02:00'],
    [-5, '0:00'],
  ])('%i ms on a stopwatch is %s', (ms, words) => {
    expect(format.stopwatch(ms)).toBe(words);
  });

  it('use the marks of the language', () => {
    expect(format.number('vi', 1_500_000)).toBe('1.500.000');
    expect(format.number('en', 1_500_000)).toBe('1,500,000');
    expect(format.size('vi', 11_744_000_000)).toMatch(/^11,7\sGB$/);
    expect(format.size('en', 250_000_000)).toMatch(/^250\sMB$/);
    expect(format.percent('vi', 0.8)).toBe('80%');
  });

  it('say a span by its two largest units', () => {
    expect(format.span('vi', 3 * 86_400 + 7 * 3600 + 5)).toBe('3 ngày 7 giờ');
    expect(format.span('en', 3600)).toBe('1 hour');
    expect(format.span('vi', 59)).toBe('0 phút');
  });

  it('join names as the language does', () => {
    expect(format.list('vi', ['Ấp Chợ', 'Ấp Tầm Vu', 'Ấp Lâm Dồ'])).toBe(
      'Ấp\u00a0Chợ, Ấp\u00a0Tầm\u00a0Vu và Ấp\u00a0Lâm\u00a0Dồ',
    );
  });
});
