// A policy in words, and what it says of an airing.
import type { Named, PolicyBody, PolicyBreach } from '../api/types';
import { fmt } from '../i18n/fmt';
import { language, t, tryT } from '../i18n/index.svelte';
import { type DayGroup, dayGroups } from '../state/policy';

/** Any week has the same names. */
const A_MONDAY = Date.UTC(2026, 10, 23);
const DAY_MS = 86_400_000;

/** 0 is Monday. */
export const weekday = (day: number): string =>
  new Intl.DateTimeFormat(language() === 'vi' ? 'vi-VN' : 'en-GB', { weekday: 'long', timeZone: 'UTC' }).format(
    A_MONDAY + day * DAY_MS,
  );

function daysWords({ first, last }: DayGroup): string {
  if (first === 0 && last === 6) return t('policy.every_day');
  return first === last ? weekday(first) : t('policy.days', { first: weekday(first), last: weekday(last) });
}
const span = ({ from, to }: { from: string; to: string }) => `${from}–${to}`;

export const limitWords = (limit: string): string => tryT(`policy.limit.${limit}`) ?? limit;

export interface PolicyLine {
  name: string;
  values: string[];
}

export function policyLines(policy: PolicyBody, people: readonly Named[] = []): PolicyLine[] {
  const hours = dayGroups(policy.hours).map(
    (group) => `${daysWords(group)}: ${group.spans.length > 0 ? group.spans.map(span).join(', ') : t('policy.silent')}`,
  );
  const { session_minutes: minutes, sessions_per_day: sessions } = policy;
  const ceilings = (policy.ceilings ?? []).map((ceiling) => `${span(ceiling)}: ${fmt.percent(ceiling.percent / 100)}`);
  const nameOf = (id: string) => people.find((known) => known.id === id)?.name ?? t('policy.somebody');
  const lifted = (policy.exceedable ?? []).map((limit) => {
    const may = (policy.exceeders ?? []).filter((exceeder) => exceeder.limits.some((one) => one === limit));
    const names = may.map(({ person }) => nameOf(person));
    return names.length > 0 ? t('policy.lifted_by', { limit: limitWords(limit), who: fmt.list(names) }) : limitWords(limit);
  });
  const own = policy.own_approvers ?? [];
  return [
    { name: t('policy.hours'), values: hours },
    {
      name: t('policy.session'),
      values: [minutes == null ? t('policy.unlimited') : t('policy.minutes', { count: fmt.number(minutes) })],
    },
    {
      name: t('policy.sessions'),
      values: [sessions == null ? t('policy.unlimited') : t('policy.a_day', { count: fmt.number(sessions) })],
    },
    { name: t('policy.ceilings'), values: ceilings.length > 0 ? ceilings : [t('policy.unlimited')] },
    { name: t('policy.exceedable'), values: lifted.length > 0 ? lifted : [t('policy.nothing')] },
    ...(own.length > 0 ? [{ name: t('policy.own_approvers'), values: own.map(nameOf) }] : []),
  ];
}

export const breachWords = ({ limit, would, may }: Pick<PolicyBreach, 'limit' | 'would' | 'may'>): string =>
  tryT(`policy.breach.${limit}`, { would: fmt.number(would ?? 0), may: fmt.number(may ?? 0) }) ?? limitWords(limit);
