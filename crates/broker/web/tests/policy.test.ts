import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { PolicyBody } from '../src/lib/api/types';
import { loadAll, useLanguage } from '../src/lib/i18n/index.svelte';
import { bodyOf, dayGroups, faults, formOf } from '../src/lib/state/policy';
import { breachWords, policyLines, weekday } from '../src/lib/words/policy';

beforeAll(loadAll);
afterEach(() => useLanguage('vi'));

const week = (...spans: { from: string; to: string }[]) => Array.from({ length: 7 }, () => spans.map((span) => ({ ...span })));
const DAY = { from: '05:00', to: '22:00' };
const policy = (change: Partial<PolicyBody> = {}): PolicyBody => ({
  hours: week(DAY),
  ceilings: [],
  exceedable: [],
  exceeders: [],
  own_approvers: [],
  ...change,
});

describe('a policy as a form', () => {
  it('is the same policy when nothing is changed', () => {
    const whole = policy({
      hours: [...week({ from: '05:00', to: '06:30' }, { from: '17:00', to: '24:00' }).slice(0, 6), []],
      session_minutes: 30,
      sessions_per_day: 3,
      ceilings: [{ from: '05:00', to: '06:00', percent: 60 }],
      exceedable: ['hours', 'volume'],
      exceeders: [{ person: 'p1', limits: ['hours', 'volume'] }],
      own_approvers: ['p2'],
    });
    expect(bodyOf(formOf(whole))).toEqual(whole);
    expect(faults(formOf(whole)).size).toBe(0);
  });

  it('has one set of hours when all days are alike', () => {
    expect(formOf(policy()).same).toBe(true);
    expect(formOf(policy({ hours: [...week(DAY).slice(0, 6), []] })).same).toBe(false);
  });

  it('gives all days the first one’s hours when they are to be alike', () => {
    const form = formOf(policy({ hours: [[{ from: '06:00', to: '07:00' }], ...week(DAY).slice(1)] }));
    form.same = true;
    expect(bodyOf(form).hours).toEqual(week({ from: '06:00', to: '07:00' }));
  });

  it('takes midnight for the end of the day', () => {
    const form = formOf(policy({ hours: week({ from: '00:00', to: '24:00' }) }));
    expect(form.days[0]).toEqual([{ from: '00:00', to: '00:00' }]);
    expect(faults(form).size).toBe(0);
    expect(bodyOf(form).hours[6]).toEqual([{ from: '00:00', to: '24:00' }]);
  });

  it('puts hours in order and makes one of two that touch', () => {
    const form = formOf(policy());
    form.days[0] = [
      { from: '17:00', to: '18:00' },
      { from: '05:00', to: '06:00' },
      { from: '06:00', to: '07:00' },
    ];
    expect(bodyOf(form).hours[0]).toEqual([
      { from: '05:00', to: '07:00' },
      { from: '17:00', to: '18:00' },
    ]);
  });

  it('makes two of a ceiling over midnight', () => {
    const form = formOf(policy());
    form.ceilings = [{ from: '21:00', to: '05:00', percent: 50 }];
    expect(bodyOf(form).ceilings).toEqual([
      { from: '00:00', to: '05:00', percent: 50 },
      { from: '21:00', to: '24:00', percent: 50 },
    ]);
  });

  it('leaves out who may exceed what may not be exceeded any more', () => {
    const form = formOf(policy({ exceedable: ['hours', 'volume'], exceeders: [{ person: 'p1', limits: ['hours', 'volume'] }] }));
    form.exceedable = ['volume'];
    expect(bodyOf(form).exceeders).toEqual([{ person: 'p1', limits: ['volume'] }]);
  });

  it.each([
    ['hours that end before they begin', { days: [[{ from: '18:00', to: '17:00' }]] }, 'hours'],
    ['hours that overlap', { days: [[DAY, { from: '21:00', to: '23:00' }]] }, 'hours'],
    ['hours that are not filled in', { days: [[{ from: '', to: '17:00' }]] }, 'hours'],
    ['a session of no minutes', { minutes: 0 }, 'session_minutes'],
    ['half a session', { sessions: 1.5 }, 'sessions_per_day'],
    ['a ceiling for no time', { ceilings: [{ from: '05:00', to: '05:00', percent: 50 }] }, 'ceilings'],
  ])('finds %s', (_, change, section) => {
    const form = { ...formOf(policy()), ...change };
    expect([...faults(form)]).toEqual([section]);
  });
});

describe('a policy in words', () => {
  it('names days in a row that are alike together', () => {
    const hours = [...week(DAY).slice(0, 5), [], []];
    expect(dayGroups(hours).map(({ first, last }) => [first, last])).toEqual([
      [0, 4],
      [5, 6],
    ]);
    expect(policyLines(policy({ hours }))[0]?.values).toEqual([
      'Thứ Hai đến Thứ Sáu: 05:00–22:00',
      'Thứ Bảy đến Chủ Nhật: không phát cả ngày',
    ]);
    expect(policyLines(policy())[0]?.values).toEqual(['mọi ngày: 05:00–22:00']);
  });

  it('names the days of the week in the language of the page', async () => {
    expect([weekday(0), weekday(6)]).toEqual(['Thứ Hai', 'Chủ Nhật']);
    await useLanguage('en');
    expect([weekday(0), weekday(6)]).toEqual(['Monday', 'Sunday']);
  });

  it('says who may exceed what, by name', () => {
    const lifted = policy({ exceedable: ['hours'], exceeders: [{ person: 'p1', limits: ['hours'] }] });
    expect(policyLines(lifted, [{ id: 'p1', name: 'Lan' }]).at(-1)?.values).toEqual(['giờ phát: Lan']);
  });

  it('says how an airing breaks it', () => {
    expect(breachWords({ limit: 'session_minutes', would: 40, may: 30 })).toBe('buổi dài 40 phút, chỉ được 30 phút');
    expect(breachWords({ limit: 'hours' })).toBe('ngoài giờ được phát');
  });
});
