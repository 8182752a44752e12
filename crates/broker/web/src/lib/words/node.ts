// The state of a node in words: the worst thing that matters comes first.
import type { LoaNode } from '../api/types';
import { fmt } from '../i18n/fmt';
import { t, tn, tryT } from '../i18n/index.svelte';
import type { Tone } from './airing';

/** A plan takes a moment to a node with a weak link; before this it is no news. */
const PLAN_PATIENCE_MS = 60_000;

/** Whether it would sound what it is told to, and what is due by timetable. */
export const isReady = (node: LoaNode): boolean =>
  node.status === 'online' && node.output !== 'lost' && node.clock !== 'unknown' && !node.latched;

export interface NodeWords {
  tone: Tone;
  status: string;
  /** Since when, what plays, or what is wrong. */
  detail: string | undefined;
  todo: string | undefined;
}

const since = (node: LoaNode, now: number) =>
  node.last_seen ? t('node.last_seen', { ago: fmt.ago(node.last_seen, now) }) : t('node.never_seen');

export function nodeWords(node: LoaNode, now: number): NodeWords {
  switch (node.status) {
    case 'new':
      return { tone: 'calm', status: t('node.new'), detail: undefined, todo: t('node.new.todo') };
    case 'revoked':
      return { tone: 'bad', status: t('node.revoked'), detail: since(node, now), todo: undefined };
    case 'retired':
      return { tone: 'calm', status: t('node.retired'), detail: since(node, now), todo: undefined };
    case 'offline':
      return { tone: 'warn', status: t('node.offline'), detail: since(node, now), todo: t('node.offline.todo') };
    case 'lost':
      return { tone: 'bad', status: t('node.lost'), detail: since(node, now), todo: t('node.lost.todo') };
  }
  if (node.playing) {
    return { tone: 'live', status: t('node.playing'), detail: undefined, todo: undefined };
  }
  if (node.output === 'lost') {
    return { tone: 'bad', status: t('node.output_lost'), detail: t('node.output_lost.detail'), todo: t('node.output_lost.todo') };
  }
  if (node.latched) {
    return { tone: 'bad', status: t('node.latched'), detail: t('node.latched.detail'), todo: t('node.latched.todo') };
  }
  if (node.clock === 'unknown') {
    return { tone: 'warn', status: t('node.no_clock'), detail: t('node.no_clock.detail'), todo: t('node.no_clock.todo') };
  }
  const behind = node.generation.behind_since;
  if (behind && now - Date.parse(behind) > PLAN_PATIENCE_MS) {
    const detail = t('node.plan_behind.detail', { time: fmt.moment(behind, now) });
    return { tone: 'warn', status: t('node.plan_behind'), detail, todo: t('node.plan_behind.todo') };
  }
  if (node.lacking > 0) {
    return { tone: 'good', status: t('node.online'), detail: tn('node.lacking', node.lacking), todo: undefined };
  }
  return { tone: 'good', status: t('node.online'), detail: undefined, todo: undefined };
}

export const clockWords = (node: LoaNode): string => (node.clock && tryT(`clock.${node.clock}`)) ?? t('node.not_told');
export const outputWords = (node: LoaNode): string => (node.output && tryT(`output.${node.output}`)) ?? t('node.not_told');
