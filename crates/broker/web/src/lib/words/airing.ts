// What has become of an airing, for a person who may have to do something about it.
import type { Airing, Broadcast } from '../api/types';
import { fmt } from '../i18n/fmt';
import { t, tryT } from '../i18n/index.svelte';
import { isOver } from '../live/merge';

export type Tone = 'calm' | 'live' | 'good' | 'warn' | 'bad';
export interface AiringWords {
  tone: Tone;
  /** One or two words. */
  status: string;
  /** Why, or how far. */
  reason: string | undefined;
  /** What a person can do; absent when there is nothing to do. */
  todo: string | undefined;
}

const TONES: Record<string, Tone> = {
  sent: 'calm',
  waiting: 'calm',
  playing: 'live',
  played: 'good',
  partial: 'warn',
  pre_empted: 'warn',
  missed: 'bad',
  refused: 'bad',
};

/** How much of it has sounded, 0 to 1, by the broker's clock. */
export function heardShare(airing: Airing, now: number): number {
  if (airing.status === 'played') return 1;
  if (airing.duration_ms <= 0) return 0;
  const heard = airing.heard_ms ?? (airing.status === 'playing' && airing.started_at ? now - Date.parse(airing.started_at) : 0);
  return Math.min(1, Math.max(0, heard / airing.duration_ms));
}

function unheard(airing: Airing, expiresAt: string, now: number): AiringWords | undefined {
  if (isOver(airing) || airing.status === 'playing' || airing.node_online) return undefined;
  const late = Date.parse(expiresAt) <= now;
  return {
    tone: late ? 'bad' : 'warn',
    status: t(late ? 'airing.silent_late.status' : 'airing.silent.status'),
    reason: t(late ? 'airing.silent_late.reason' : 'airing.silent.reason', { time: fmt.moment(expiresAt, now) }),
    todo: t('airing.silent.todo'),
  };
}

function reasonOf(airing: Airing): string | undefined {
  if (!airing.reason) return undefined;
  return tryT(`reason.${airing.reason}.what`) ?? t('reason.other.what');
}

function heardOf(airing: Airing): string {
  return t('airing.heard', { heard: fmt.stopwatch(airing.heard_ms ?? 0), whole: fmt.stopwatch(airing.duration_ms) });
}

export function airingWords(airing: Airing, broadcast: Pick<Broadcast, 'expires_at'>, now: number): AiringWords {
  const silent = unheard(airing, broadcast.expires_at, now);
  if (silent) return silent;
  const status = tryT(`airing.${airing.status}`) ?? t('airing.unknown');
  const tone = TONES[airing.status] ?? 'calm';
  if (airing.status === 'played') {
    return {
      tone,
      status,
      reason: airing.ended_at ? t('airing.at', { time: fmt.moment(airing.ended_at, now) }) : undefined,
      todo: undefined,
    };
  }
  if (!isOver(airing)) return { tone, status, reason: tryT(`airing.${airing.status}.reason`), todo: undefined };
  const why = reasonOf(airing);
  const parts = airing.status === 'partial' || airing.status === 'pre_empted' ? [heardOf(airing), why] : [why];
  const todo = airing.reason ? (tryT(`reason.${airing.reason}.todo`) ?? t('reason.other.todo')) : undefined;
  // Stopped by a person, everything is as it was meant.
  const stopped = airing.reason === 'stopped';
  return {
    tone: stopped ? 'calm' : tone,
    status: stopped ? t('airing.stopped') : status,
    reason: parts.filter(Boolean).join(' · ') || undefined,
    todo: todo || undefined,
  };
}

export interface Summary {
  tone: Tone;
  words: string;
  over: boolean;
}

/** A broadcast in one sentence. Counts places, that is nodes. */
export function summary(broadcast: Broadcast, now: number): Summary {
  const { airings } = broadcast;
  const all = airings.length;
  if (all === 0) return { tone: 'bad', words: t('summary.nobody'), over: true };
  const count = (...statuses: string[]) => airings.filter((airing) => statuses.includes(airing.status)).length;
  const expired = Date.parse(broadcast.expires_at) <= now;
  const open = airings.filter((airing) => !isOver(airing) && (airing.status === 'playing' || !expired)).length;
  const [playing, played] = [count('playing'), count('played')];
  const stopped = airings.filter((airing) => airing.reason === 'stopped').length;
  const numbers = { all, playing, played, failed: all - played - stopped - open };
  if (playing > 0) return { tone: 'live', words: t('summary.playing', numbers), over: false };
  if (open > 0) return { tone: 'calm', words: t('summary.sending', { ...numbers, open }), over: false };
  if (played === all) return { tone: 'good', words: t('summary.played_all', numbers), over: true };
  if (stopped > 0 && stopped + played === all) return { tone: 'calm', words: t('summary.stopped', numbers), over: true };
  if (played === 0) return { tone: 'bad', words: t('summary.played_none', numbers), over: true };
  return { tone: 'warn', words: t('summary.played_some', numbers), over: true };
}
