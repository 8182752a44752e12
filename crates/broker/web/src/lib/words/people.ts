// What people are, and by what they are signed in, in words.
import type { Grant, Role } from '../api/types';
import { t } from '../i18n/index.svelte';

/** The strongest first. */
export const ROLES: readonly Role[] = ['admin', 'editor', 'approver', 'operator', 'installer', 'viewer'];

export const grantWords = (grant: Grant): string =>
  t('role.in', { role: t(`role.${grant.role}`), area: grant.area?.name ?? t('role.everywhere') });

const BROWSERS: [RegExp, string][] = [
  [/Edg(?:A|iOS)?\//, 'Edge'],
  [/SamsungBrowser\//, 'Samsung Internet'],
  [/coc_coc_browser\//, 'Cốc Cốc'],
  [/Firefox\/|FxiOS\//, 'Firefox'],
  [/Chrome\/|CriOS\//, 'Chrome'],
  [/Safari\//, 'Safari'],
];
const SYSTEMS: [RegExp, string][] = [
  [/Android/, 'Android'],
  [/iPhone|iPad/, 'iOS'],
  [/Windows/, 'Windows'],
  [/Mac OS X/, 'macOS'],
  [/Linux/, 'Linux'],
];

/** What a browser says it is, as a person knows it: “Chrome · Android”. */
export function browserWords(agent: string): string {
  const name = (known: [RegExp, string][]) => known.find(([pattern]) => pattern.test(agent))?.[1];
  const parts = [name(BROWSERS), name(SYSTEMS)].filter((part) => part !== undefined);
  return parts.length > 0 ? parts.join(' · ') : agent.slice(0, 40) || t('account.session.unknown');
}
