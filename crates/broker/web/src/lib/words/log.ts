// What a record of the audit log says, in words.
import type { LogItem } from '../api/types';
import { messageNames, t, tryT } from '../i18n/index.svelte';
import type { Tone } from './airing';

const REFUSED = '.refused';

/** What was done, without whether it was refused. */
export const actionWords = (action: string): string => {
  const name = action.endsWith(REFUSED) ? action.slice(0, -REFUSED.length) : action;
  return tryT(`action.${name}`) ?? name;
};

/** The actions that records can be narrowed to, by what they are called. */
export const actions = (): { name: string; words: string }[] =>
  messageNames('action.')
    .map((key) => ({ name: key.slice('action.'.length), words: tryT(key) ?? key }))
    .sort((a, b) => a.words.localeCompare(b.words));

export interface RecordWords {
  tone: Tone;
  what: string;
  /** Why nothing came of it. */
  refused: string | undefined;
  about: string;
  who: string;
}

const CALM = new Set(['session.begin', 'session.end']);
const STOPS = new Set(['stop', 'broadcast.stop', 'node.revoke', 'people.deactivate']);

export function recordWords(item: LogItem): RecordWords {
  const { status, code } = item.details as { status?: number; code?: string };
  const isRefused = item.action.endsWith(REFUSED) || (status ?? 0) >= 400;
  const refused = isRefused ? (code && tryT(`problem.${code}.what`)) || t('log.refused') : undefined;
  const isGrave = item.emergency || STOPS.has(item.action);
  const tone = isRefused ? 'bad' : isGrave ? 'warn' : CALM.has(item.action) ? 'calm' : 'good';
  const itself = item.action === 'node.enrolled' ? t('log.by_node') : t('log.by_nobody');
  return {
    tone,
    what: actionWords(item.action),
    refused,
    about: item.about.join(' · '),
    who: item.name || itself,
  };
}
