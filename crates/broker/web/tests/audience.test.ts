import { describe, expect, it } from 'vitest';
import { areasFor, chosenHamlets, communes, isNight, isWhole } from '../src/lib/state/audience';
import { areas, node } from './samples';

const at = (code: string, change = {}) => node({ id: `n${code}`, hamlet: { code, name: code }, ...change });
const all = communes(areas, [at('31699-01'), at('31699-02', { status: 'lost' }), at('31699-10', { status: 'new' })]);
const only = all[0] ?? { code: '', name: '', hamlets: [] };

describe('the audience', () => {
  it('lists hamlets in order of their codes with the nodes that could sound', () => {
    expect(only.hamlets.map(({ code, nodes, online }) => [code, nodes.length, online])).toEqual([
      ['31699-01', 1, 1],
      ['31699-02', 1, 0],
      ['31699-10', 0, 0],
    ]);
  });

  it('is the whole commune when every hamlet that can be reached is chosen', () => {
    expect(isWhole(only, new Set(['31699-01', '31699-02']))).toBe(true);
    expect(isWhole(only, new Set(['31699-01']))).toBe(false);
    expect(areasFor(all, new Set(['31699-01', '31699-02']))).toEqual(['31699']);
    expect(areasFor(all, new Set(['31699-02']))).toEqual(['31699-02']);
  });

  it('is hamlets one by one where only some of a commune are the person’s', () => {
    const mine = areas.map((area) => (area.kind === 'hamlet' ? area : { ...area, outside: true }));
    const some = communes(mine, [at('31699-01'), at('31699-02')]);
    expect(areasFor(some, new Set(['31699-01', '31699-02']))).toEqual(['31699-01', '31699-02']);
  });

  it('leaves out hamlets without a node and codes that are gone', () => {
    const chosen = new Set(['31699-01', '31699-10', '31699-77']);
    expect(areasFor(all, chosen)).toEqual(['31699-01']);
    expect(chosenHamlets(all, chosen).map(({ code }) => code)).toEqual(['31699-01']);
  });

  it.each(['revoked', 'retired'] as const)('has no %s node', (status) => {
    const [commune] = communes(areas, [at('31699-01', { status })]);
    expect(commune?.hamlets.every((hamlet) => hamlet.nodes.length === 0)).toBe(true);
  });

  it('is never whole where there is no node at all', () => {
    expect(communes(areas, []).map((commune) => isWhole(commune, new Set(['31699-01'])))).toEqual([false]);
  });

  it.each([
    ['2026-11-24T13:59:59Z', false],
    ['2026-11-24T14:00:00Z', true],
    ['2026-11-24T21:59:59Z', true],
    ['2026-11-24T22:00:00Z', false],
  ])('sleeps from 21:00 to 05:00 in Vietnam: %s', (instant, night) => {
    expect(isNight(Date.parse(instant))).toBe(night);
  });
});
