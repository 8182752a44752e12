import { expect, it } from 'vitest';
import type { Area } from '../src/lib/api/types';
import { inOrder, isCode, nextHamletCode, nextKind } from '../src/lib/state/areas';

const area = (kind: Area['kind'], code: string, parent?: string): Area => ({ code, name: code, kind, parent: parent ?? null });
const province = area('province', '94');
const commune = area('commune', '31699', '94');
const hamlet = (number: string) => area('hamlet', `31699-${number}`, '31699');

it('the level that is still empty is added next', () => {
  expect(nextKind([])).toBe('province');
  expect(nextKind([province])).toBe('commune');
  expect(nextKind([area('commune', '31699')])).toBe('hamlet');
  expect(nextKind([province, commune, hamlet('01')])).toBe('hamlet');
});

it('a new hamlet gets the first free number of its commune', () => {
  expect(nextHamletCode([province, commune], '31699')).toBe('31699-01');
  expect(nextHamletCode([hamlet('01'), hamlet('03'), area('hamlet', '31700-02')], '31699')).toBe('31699-02');
  const all = Array.from({ length: 99 }, (_, index) => hamlet(String(index + 1).padStart(2, '0')));
  expect(nextHamletCode(all, '31699')).toBe('');
});

it.each([
  ['province', '94', true],
  ['province', '9', false],
  ['commune', '31699', true],
  ['commune', '3169', false],
  ['hamlet', '31699-01', true],
  ['hamlet', '31699', false],
  ['hamlet', '31699-1', false],
] as const)('as a code of a %s, %s is %s', (kind, code, right) => {
  expect(isCode(kind, code)).toBe(right);
});

it('every area stands after the one it lies in, and none is lost', () => {
  const mixed = [hamlet('10'), area('commune', '00001', 'gone'), hamlet('02'), commune, province];
  expect(inOrder(mixed).map((place) => [place.area.code, place.depth])).toEqual([
    ['00001', 0],
    ['94', 0],
    ['31699', 1],
    ['31699-02', 2],
    ['31699-10', 2],
  ]);
});
