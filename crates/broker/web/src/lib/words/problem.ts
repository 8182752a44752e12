// Every problem in plain words: what happened, and what to do.
import { Problem, problemFromThrown } from '../api/problem';
import { fmt } from '../i18n/fmt';
import { t, tryT } from '../i18n/index.svelte';
import type { Params } from '../i18n/messages';
import { serverNow } from '../state/clock.svelte';

export interface ProblemWords {
  what: string;
  todo: string;
  /** For whoever is asked for help: the code as the broker gave it. */
  code: string;
}

export function problemWords(thrown: unknown): ProblemWords {
  const problem = thrown instanceof Problem ? thrown : problemFromThrown(thrown);
  const { code } = problem;
  const params = spoken(problem);
  // Some problems are one thing by code, and another to a person for each cause.
  const finer: Record<string, string> = {
    sound_unusable: `cause.${problem.params['cause']}`,
    policy_breached: `problem.policy_breached.${problem.params['limit']}`,
  };
  const cause = words(finer[code] ?? '', params);
  const other = problem.status >= 500 || problem.status === 0 ? 'problem.other_server' : 'problem.other_request';
  const said = cause ?? words(`problem.${code}`, params) ?? words(other, params) ?? { what: code, todo: '' };
  return { ...said, code };
}

/** Names, figures and instants as the page's reader writes them. A name that this page doesn't know stays as it is. */
function spoken(problem: Problem): Params {
  const limit = (name: string) => tryT(`policy.limit.${name}`) ?? name;
  const say = (name: string, value: string | number | string[]): string | number => {
    if (Array.isArray(value))
      return fmt.list(value.map((item) => (name === 'limits' ? limit(item) : (tryT(`${name}.${item}`) ?? item))));
    if (name === 'field') return tryT(`field.${value}`) ?? value;
    if (name === 'limit') return limit(String(value));
    if (name === 'start' || name === 'since') return fmt.moment(value, serverNow());
    return value;
  };
  return Object.fromEntries(Object.entries(problem.params).map(([name, value]) => [name, say(name, value)]));
}

function words(key: string, params: Params): { what: string; todo: string } | undefined {
  const what = tryT(`${key}.what`, params);
  const todo = tryT(`${key}.todo`, params);
  return what === undefined || todo === undefined ? undefined : { what, todo };
}

/** What the broker found while taking in a clip. */
export const warningWords = (code: string): string => tryT(`warning.${code}`) ?? t('warning.other', { code });
