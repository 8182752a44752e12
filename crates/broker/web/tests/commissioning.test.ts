import { beforeAll, describe, expect, it } from 'vitest';
import type { Commissioning } from '../src/lib/api/types';
import { loadAll } from '../src/lib/i18n/index.svelte';
import { fitted } from '../src/lib/photo';
import { bodyOf, faults, formOf, positionOf, positionText, settingsOf, signalOf } from '../src/lib/state/commissioning';
import { foundFacts, signedFacts, testWords } from '../src/lib/words/commissioning';

beforeAll(loadAll);

const sheet = (change: Partial<Commissioning> = {}): Commissioning => ({
  node: 'n1',
  name: 'Cụm loa Ấp Chợ',
  hamlet: { code: '31699-01', name: 'Ấp Chợ' },
  lead_measured: false,
  remark: '',
  checks: [{ item: 'mounted', at: '2026-11-25T01:00:00Z', by: 'Nguyễn Thị Mai' }, { item: 'earthed' }],
  sentence: 'Loa Ấp Chợ số 1, kiểm tra.',
  missing: [],
  ...change,
});

describe('a sheet as a form', () => {
  it('is the same sheet when nothing is changed', () => {
    const position = { latitude: 9.6412, longitude: 106.0133, accuracy_m: 6.5 };
    const form = formOf(sheet({ position, horns: 4, horn_watts: 30, lead_ms: 0, lead_measured: true, remark: 'cột 12' }));
    expect(bodyOf(form)).toEqual({
      position,
      horns: 4,
      horn_watts: 30,
      lead_ms: 0,
      lead_measured: true,
      remark: 'cột 12',
      checks: ['mounted'],
    });
    expect(faults(form)).toEqual([]);
  });

  it('says nothing of what was not written, and which figures can not be meant', () => {
    const form = formOf(sheet());
    expect(bodyOf(form)).toEqual({ lead_measured: false, remark: '', checks: ['mounted'] });
    expect(faults({ ...form, horns: 0, watts: 1001, lead: 12.5 })).toEqual(['horns', 'watts', 'lead']);
  });
});

describe('a position', () => {
  it.each([
    ['9.6412, 106.0133', 9.6412, 106.0133],
    [' -9,6412;106,0133 ', -9.6412, 106.0133],
    ['9.6412 106.0133', 9.6412, 106.0133],
    ['9.6412° , 106.0133°', 9.6412, 106.0133],
    ['9, 106', 9, 106],
  ])('is read from %s', (text, latitude, longitude) => {
    expect(positionOf(text)).toEqual({ latitude, longitude });
  });

  it.each(['', '9.6412', '106.0133, 9.6412', '91, 10', 'Ấp Chợ', '9.6412, 181', '9°38\'28"N'])('is not read from %s', (text) => {
    expect(positionOf(text)).toBeUndefined();
  });

  it('is written as maps take it', () => {
    expect(positionText({ latitude: 9.6412, longitude: 106.01331 })).toBe('9.641200, 106.013310');
  });
});

it('a photo keeps its shape and never grows', () => {
  expect(fitted(4000, 3000, 1600)).toEqual([1600, 1200]);
  expect(fitted(3000, 4000, 1600)).toEqual([1200, 1600]);
  expect(fitted(640, 480, 1600)).toEqual([640, 480]);
  expect(fitted(10_000, 1, 600)).toEqual([600, 1]);
});

it('the amplifier’s lead is written as the agent reads it', () => {
  expect(settingsOf(450)).toBe('lead_ms = 450');
});

it('a signal is strong, fair or weak', () => {
  expect([-50, -67, -68, -75, -76].map(signalOf)).toEqual(['good', 'good', 'fair', 'fair', 'weak']);
});

describe('in words', () => {
  it('a test says when it sounded, unless clocks say that it sounded before it was sent', () => {
    const test = { broadcast: 'b', status: 'played' as const, sent_at: '2026-11-25T01:00:00Z' };
    expect(testWords({ ...test, sound_after_ms: 412 })).toBe('Đã phát xong · ra tiếng sau 0,41 giây');
    expect(testWords({ ...test, sound_after_ms: -30 })).toBe('Đã phát xong');
  });

  it('what was found is told, and what is still open', () => {
    const facts = Object.fromEntries(foundFacts(sheet({ horns: 4, horn_watts: 30 })).map(({ name, value }) => [name, value]));
    expect(facts).toMatchObject({ 'Số loa': '4', 'Tổng công suất': '120 W', 'Vị trí': 'chưa có', 'Câu kiểm tra': 'chưa có' });
  });

  it('figures that the machine does not have are left out of the signed ones', () => {
    const facts = signedFacts({ volume_percent: 70, emergency_percent: 100, interface: 'wlan0', signal_dbm: -71 });
    expect(facts.map(({ value }) => value.replaceAll('\u00a0', ' '))).toEqual(['70%', '100%', 'wlan0 · -71 dBm · tạm được']);
  });
});
