// Every problem in plain words: what happened, and what to do.
import { Problem, type ProblemParams, problemFromThrown } from '../api/problem';
import { t, tryT } from '../i18n/index.svelte';

export interface ProblemWords {
  what: string;
  todo: string;
  /** For whoever is asked for help: the code as the broker gave it. */
  code: string;
}

export function problemWords(thrown: unknown): ProblemWords {
  const problem = thrown instanceof Problem ? thrown : problemFromThrown(thrown);
  const { code } = problem;
  const params = { ...problem.params };
  // Fields are named in the page's language; a field this page doesn't know keeps its name.
  if (typeof params['field'] === 'string') params['field'] = tryT(`field.${params['field']}`) ?? params['field'];
  const cause = code === 'sound_unusable' ? words(`cause.${params['cause']}`, params) : undefined;
  const other = problem.status >= 500 || problem.status === 0 ? 'problem.other_server' : 'problem.other_request';
  const said = cause ?? words(`problem.${code}`, params) ?? words(other, params) ?? { what: code, todo: '' };
  return { ...said, code };
}

function words(key: string, params: ProblemParams): { what: string; todo: string } | undefined {
  const what = tryT(`${key}.what`, params);
  const todo = tryT(`${key}.todo`, params);
  return what === undefined || todo === undefined ? undefined : { what, todo };
}

/** What the broker found while taking in a clip. */
export const warningWords = (code: string): string => tryT(`warning.${code}`) ?? t('warning.other', { code });
