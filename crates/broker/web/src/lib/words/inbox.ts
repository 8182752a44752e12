// How far a bulletin from above is, for whoever may have to decide.
import type { InboxItem } from '../api/types';
import { fmt } from '../i18n/fmt';
import { t, tryT } from '../i18n/index.svelte';
import type { Tone } from './airing';

const TONES: Record<string, Tone> = {
  waiting: 'warn',
  queued: 'calm',
  scheduled: 'calm',
  aired: 'good',
  declined: 'calm',
  expired: 'bad',
};

export interface InboxWords {
  tone: Tone;
  status: string;
  /** Who decided, or what was said. */
  detail: string | undefined;
}

export function inboxWords(item: InboxItem, now: number): InboxWords {
  const decided =
    item.decided_at && item.decided_by
      ? t('inbox.decided', { who: item.decided_by, time: fmt.moment(item.decided_at, now) })
      : undefined;
  const remark = item.remark ? t('inbox.remark', { remark: item.remark }) : undefined;
  return {
    tone: TONES[item.status] ?? 'calm',
    status: tryT(`inbox.status.${item.status}`) ?? item.status,
    detail: [decided, remark].filter(Boolean).join(' · ') || undefined,
  };
}
