import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Preview, ProgrammeEntry, RunNode, Timetable } from '../src/lib/api/types';
import { loadAll, useLanguage } from '../src/lib/i18n/index.svelte';
import {
  addDays,
  blankForm,
  bodyOf,
  type EntryForm,
  formOf,
  hamletsIn,
  LAST_DAY,
  lackOf,
  localDay,
  moved,
  verdict,
} from '../src/lib/state/timetable';
import {
  alarmWords,
  breachOf,
  countWords,
  lengthWords,
  momentWords,
  nextWords,
  nodeWords,
  outcomeWords,
  runTone,
  timetableWords,
  warningOf,
  whereWords,
} from '../src/lib/words/programme';
import { areas, clip, NOW } from './samples';

beforeAll(loadAll);
afterEach(() => useLanguage('vi'));

const hamlet = { code: '31699-01', name: 'Ấp Chợ' };
const timetable = (change: Partial<Timetable> = {}): Timetable => ({
  every: 'day',
  days: [],
  times: ['05:00'],
  from: '2026-11-20',
  except: [],
  ...change,
});
const filled = (change: Partial<EntryForm> = {}): EntryForm => ({
  ...blankForm(NOW),
  bulletin: 'b1',
  hamlets: ['31699-01'],
  ...change,
});
const entry = (change: Partial<ProgrammeEntry> = {}): ProgrammeEntry => ({
  id: 'e1',
  bulletin: { id: 'b1', title: 'Họp ấp', class: 'normal', language: 'vi', duration_s: 20, clip: clip() },
  areas: [hamlet],
  timetable: timetable(),
  time_zone: 'Asia/Ho_Chi_Minh',
  repeats: 1,
  gap_s: 0,
  catch_up_s: 600,
  position: 1,
  resume: false,
  exceeds: [],
  nodes: 1,
  next: [],
  over: false,
  created_at: '2026-11-20T00:00:00Z',
  created_by: 'Lan',
  changed_at: '2026-11-20T00:00:00Z',
  ...change,
});
const preview = (change: Partial<Preview> = {}): Preview => ({
  next: [],
  breaches: [],
  breach_count: 0,
  lifted: [],
  warnings: [],
  ...change,
});

describe('an entry as a form', () => {
  it('is the same entry when nothing is changed', () => {
    const whole = entry({
      timetable: timetable({
        every: 'month',
        days: [1, LAST_DAY],
        times: ['05:00', '17:00'],
        until: '2026-12-31',
        except: ['2026-12-01'],
      }),
      repeats: 3,
      gap_s: 30,
      expires_at: '2026-12-31T10:00:00.000Z',
      resume: true,
      exceeds: ['hours'],
    });
    const body = bodyOf(formOf(whole, ['31699-01']), ['31699-01'], whole.time_zone);
    const { timetable: table, time_zone, repeats, gap_s, catch_up_s, expires_at, resume, exceeds } = whole;
    expect(body).toEqual({
      bulletin: 'b1',
      areas: ['31699-01'],
      timetable: table,
      time_zone,
      repeats,
      gap_s,
      catch_up_s,
      expires_at,
      resume,
      exceeds,
    });
  });

  it('says the first thing that is missing, from above', () => {
    expect(lackOf(blankForm(NOW))).toBe('bulletin');
    expect(lackOf(filled({ hamlets: [] }))).toBe('hamlets');
    expect(lackOf(filled({ every: 'week' }))).toBe('days');
    expect(lackOf(filled({ every: 'month', weekDays: [1] }))).toBe('days');
    expect(lackOf(filled({ times: [''] }))).toBe('times');
    expect(lackOf(filled({ from: '' }))).toBe('from');
    expect(lackOf(filled({ until: '2026-11-01' }))).toBe('until');
    expect(lackOf(filled({ repeats: 21 }))).toBe('numbers');
    expect(lackOf(filled({ repeats: null }))).toBe('numbers');
    expect(lackOf(filled())).toBeUndefined();
  });

  it('begins on the day that it is in Vietnam', () => {
    expect(localDay(Date.parse('2026-11-24T17:00:00Z'))).toBe('2026-11-25');
    expect(localDay(Date.parse('2026-11-24T16:59:59Z'))).toBe('2026-11-24');
    expect(addDays('2026-12-31', 1)).toBe('2027-01-01');
  });

  it('leaves out what its rhythm has no use for, empty times, and doubles', () => {
    const once = filled({
      every: 'once',
      until: '2026-12-01',
      except: ['2026-11-30'],
      weekDays: [1],
      times: ['17:00', '', '05:00', '17:00'],
    });
    expect(bodyOf(once, ['31699-01']).timetable).toEqual({
      every: 'once',
      days: [],
      times: ['05:00', '17:00'],
      from: '2026-11-24',
      except: [],
    });
    expect(bodyOf(filled({ repeats: 1, gap: 30 }), []).gap_s).toBe(0);
    expect(bodyOf(filled({ every: 'month', monthDays: [LAST_DAY, 15, 1] }), []).timetable.days).toEqual([1, 15, LAST_DAY]);
  });

  it('takes the hamlets that lie in its areas', () => {
    expect(hamletsIn(['31699'], areas)).toEqual(['31699-01', '31699-02', '31699-10']);
    expect(hamletsIn(['94'], areas)).toHaveLength(3);
    expect(hamletsIn(['31699-02'], areas)).toEqual(['31699-02']);
  });
});

describe('a preview', () => {
  const breach = { entry: '', limit: 'hours', start: '2026-11-29T22:00:00Z', area: hamlet };

  it('stands in the way of saving while anything is refused', () => {
    expect(verdict(preview()).blocked).toBe(false);
    expect(verdict(preview({ breaches: [breach], breach_count: 1 }))).toEqual({ blocked: true, liftable: [] });
  });

  it('offers to lift what is breached and this person may lift, and nothing else', () => {
    const may = preview({ breaches: [breach, breach], breach_count: 40, lifted: ['hours', 'volume'] });
    expect(verdict(may).liftable).toEqual(['hours']);
  });

  it('names the day, the place and the limit of a breach, and says when it is another entry that is refused', () => {
    expect(breachOf(breach, '', NOW)).toBe('Thứ Hai 30/11 lúc 05:00, Ấp Chợ: ngoài giờ được phát');
    const long = { ...breach, limit: 'session_minutes', would: 42, may: 30 };
    expect(breachOf(long, '', NOW)).toContain('buổi dài 42 phút, chỉ được 30 phút');
    expect(breachOf({ ...breach, entry: 'e1' }, 'e1', NOW)).not.toContain('một lịch phát khác');
    expect(breachOf({ ...breach, entry: 'e2' }, 'e1', NOW)).toContain('một lịch phát khác');
  });

  it('puts each warning into words', () => {
    const start = '2026-11-29T22:00:00Z';
    const other = { id: 'e2', title: 'Chợ đêm', class: 'priority', start };
    expect(warningOf({ kind: 'collides', start, with: other }, NOW)).toBe(
      'Thứ Hai 30/11 lúc 05:00: trùng giờ với “Chợ đêm” (ưu tiên).',
    );
    expect(warningOf({ kind: 'night', start }, NOW)).toContain('ban đêm');
    expect(warningOf({ kind: 'whole_commune', area: { code: '31699', name: 'Đại Ân 2' } }, NOW)).toBe('Phát toàn xã: Đại Ân 2.');
    expect(warningOf({ kind: 'latched', area: hamlet }, NOW)).toContain('Ấp Chợ đang bị dừng');
    expect(warningOf({ kind: 'never' }, NOW)).not.toBe(warningOf({ kind: 'no_nodes' }, NOW));
    expect(warningOf({ kind: 'new one' } as never, NOW)).toBe('Có điều cần xem lại.');
  });
});

describe('an airing in words', () => {
  it('says day, time, places and length as its reader writes them', async () => {
    const next = { start: '2026-11-22T22:00:00Z', hamlets: 5, duration_s: 720, nodes: 5, repeat: 0 };
    expect(nextWords(next, NOW)).toBe('Thứ Hai 23/11 lúc 05:00, 5\u00a0ấp, 12\u00a0phút');
    await useLanguage('en');
    expect(nextWords(next, NOW)).toBe('Monday 23 Nov at 05:00, 5\u00a0hamlets, 12\u00a0minutes');
  });

  it('names the year when it is another', () => {
    expect(momentWords('2027-01-31T17:00:00Z', NOW)).toBe('Thứ Hai 1/2/2027 lúc 00:00');
  });

  it('is measured in seconds when short, in minutes when not', () => {
    expect([0.2, 45, 89, 90, 3599, 3660].map(lengthWords)).toEqual([
      '1 giây',
      '45 giây',
      '89 giây',
      '2 phút',
      '60 phút',
      '1 giờ 1 phút',
    ]);
  });

  it('is everywhere, in a few places by name, or in many by number', () => {
    const two = [hamlet, { code: '31699-02', name: 'Ấp Ngan Rô 1' }];
    expect(whereWords({ whole: true, hamlets: two }, 'commune')).toBe('cả xã');
    expect(whereWords({ whole: true, hamlets: two }, undefined)).toBe('cả địa bàn');
    expect(whereWords({ whole: false, hamlets: two }, 'commune')).toBe('Ấp\u00a0Chợ và Ấp\u00a0Ngan\u00a0Rô\u00a01');
    expect(whereWords({ whole: false, hamlets: [...two, ...two] }, 'commune')).toBe('4 ấp');
  });
});

describe('a timetable in words', () => {
  it.each<[Partial<Timetable>, string]>([
    [{ every: 'once', from: '2026-11-30' }, 'Một lần Thứ Hai 30/11 lúc 05:00'],
    [{ times: ['05:00', '17:00'] }, 'Hằng ngày lúc 05:00 và 17:00'],
    [{ every: 'week', days: [1, 2, 3, 4, 5] }, 'Các ngày trong tuần (thứ Hai đến thứ Sáu) lúc 05:00'],
    [{ every: 'week', days: [6, 7] }, 'Thứ\u00a0Bảy và Chủ\u00a0Nhật hằng tuần lúc 05:00'],
    [{ every: 'month', days: [1, LAST_DAY] }, 'Ngày\u00a01 và ngày\u00a0cuối\u00a0tháng hằng tháng lúc 05:00'],
    [
      { from: '2026-12-01', until: '2026-12-31', except: ['2026-12-25'] },
      'Hằng ngày lúc 05:00, từ 1/12, đến hết 31/12, trừ 25/12',
    ],
  ])('%o', (change, words) => {
    expect(timetableWords(timetable(change), NOW)).toBe(words);
  });
});

describe('a run', () => {
  const node = (change: Partial<RunNode> = {}): RunNode => ({
    node: 'n1',
    node_name: 'Cổng chợ',
    hamlet,
    status: 'played',
    ...change,
  });

  it('is as bad as its worst place, and says that first', () => {
    expect(runTone({ played: 4 })).toBe('good');
    expect(runTone({ played: 4, due: 1 })).toBe('calm');
    expect(runTone({ played: 3, unreported: 1 })).toBe('warn');
    expect(runTone({ played: 3, unreported: 1, missed: 1 })).toBe('bad');
    expect(countWords({ played: 3, missed: 1, due: 0 })).toBe('1 nơi không phát được, đã phát ở 3 nơi');
    expect(outcomeWords({ played: 3, missed: 1 })).toBe('đã phát ở 3/4 nơi');
    expect(outcomeWords({ played: 4 })).toBe('đã phát đủ 4 nơi');
    expect(outcomeWords({ played: 3, sent: 1 })).toBe('đang chờ kết quả');
  });

  it('says of each place how it went, why, and what can be done', () => {
    expect(nodeWords(node({ started_at: '2026-11-23T22:00:12Z', late_s: 12 }))).toEqual({
      tone: 'good',
      status: 'Đã phát xong',
      reason: 'bắt đầu 05:00 · muộn 12 giây',
      todo: undefined,
    });
    const off = nodeWords(node({ status: 'missed', reason: 'node_off' }));
    expect(off).toMatchObject({ tone: 'bad', status: 'Không phát được', reason: 'Cụm loa tắt lúc tới giờ phát.' });
    expect(off.todo).toContain('nguồn điện');
    expect(nodeWords(node({ status: 'due' })).status).toBe('Chưa tới giờ');
    expect(nodeWords(node({ status: 'unreported' })).reason).toContain('Có mạng lại nó sẽ báo');
    expect(nodeWords(node({ status: 'partial', reason: 'stopped' }))).toMatchObject({ tone: 'calm', status: 'Đã dừng' });
  });

  it('warns of what stands in the way, also when it is something new', () => {
    const alarm = { kind: 'node_away' as const, start: '2026-11-24T10:00:00Z', entry: 'e1', title: 'Họp ấp', nodes: [] };
    expect(alarmWords(alarm)).toBe('Mất kết nối: “Họp ấp” lúc 17:00');
    expect(alarmWords({ ...alarm, kind: 'new one' as never })).toContain('Có trở ngại');
  });
});

it('entries change places with their neighbours and with nothing beyond the ends', () => {
  expect(moved(['a', 'b', 'c'], 1, -1)).toEqual(['b', 'a', 'c']);
  expect(moved(['a', 'b', 'c'], 1, 1)).toEqual(['a', 'c', 'b']);
  expect(moved(['a', 'b'], 0, -1)).toEqual(['a', 'b']);
  expect(moved(['a', 'b'], 1, 1)).toEqual(['a', 'b']);
});
