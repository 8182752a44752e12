// Areas as a person adds them: what is still missing, which code a new one gets, whether a code can be right.
import type { Area } from '../api/types';

export type AreaKind = Area['kind'];

const SHAPES: Record<AreaKind, RegExp> = { province: /^\d{2}$/, commune: /^\d{5}$/, hamlet: /^\d{5}-\d{2}$/ };

/** Whether a code has the form of its kind: 2 digits, 5 digits, or the commune's, a hyphen and 2 digits. */
export const isCode = (kind: AreaKind, code: string): boolean => SHAPES[kind].test(code);

/** What a person wants to add next: the level that nothing is on yet, hamlets otherwise. */
export function nextKind(areas: readonly Area[]): AreaKind {
  const has = (kind: AreaKind) => areas.some((area) => area.kind === kind);
  if (has('commune')) return 'hamlet';
  return has('province') ? 'commune' : 'province';
}

/** The first free number of a commune's hamlets; empty when all 99 are taken. */
export function nextHamletCode(areas: readonly Area[], commune: string): string {
  const taken = new Set(areas.map((area) => area.code));
  for (let number = 1; number <= 99; number += 1) {
    const code = `${commune}-${String(number).padStart(2, '0')}`;
    if (!taken.has(code)) return code;
  }
  return '';
}

/** Those that the person's rights reach, without what is there only because it contains one of them. */
export const ownOf = (areas: readonly Area[]): Area[] => areas.filter((area) => !area.outside);

export interface Place {
  area: Area;
  /** How deep it lies: 0 for what lies in nothing. */
  depth: number;
}

/** Each area after the one it lies in, in the order of the codes. */
export function inOrder(areas: readonly Area[]): Place[] {
  const known = new Set(areas.map((area) => area.code));
  const within = (parent: string | undefined, depth: number): Place[] =>
    areas
      .filter((area) => (area.parent && known.has(area.parent) ? area.parent : undefined) === parent)
      .sort((a, b) => a.code.localeCompare(b.code, 'en', { numeric: true }))
      .flatMap((area) => [{ area, depth }, ...within(area.code, depth + 1)]);
  return within(undefined, 0);
}

/** What a screen shows before a person has chosen: the first commune, or whatever there is. */
export const firstArea = (areas: readonly Area[]): Area | undefined => {
  const own = inOrder(ownOf(areas));
  return own.find((place) => place.area.kind === 'commune')?.area ?? own[0]?.area;
};
