// The programme in words: when, where, for how long, how often, and what stands in the way. Days are local, `YYYY-MM-DD`.
import type { Alarm, BreachBody, DayRun, RunNode, Timetable, Warning, WeekAiring } from '../api/types';
import { fmt } from '../i18n/fmt';
import { language, t, tn, tryT } from '../i18n/index.svelte';
import type { PluralKey } from '../i18n/messages';
import { LAST_DAY, localDay, WORKDAYS } from '../state/timetable';
import type { Tone } from './airing';
import { breachWords, weekday } from './policy';

const day = (date: string) => new Date(`${date}T00:00:00Z`);
const intl = (options: Intl.DateTimeFormatOptions) =>
  new Intl.DateTimeFormat(language() === 'vi' ? 'vi-VN' : 'en-GB', { timeZone: 'UTC', ...options });

/** 24/11, or 24 Nov; with the year where it isn't this one. */
export function dateWords(date: string, now: number): string {
  const month = language() === 'vi' ? 'numeric' : 'short';
  const year = date.slice(0, 4) === localDay(now).slice(0, 4) ? {} : ({ year: 'numeric' } as const);
  return intl({ day: 'numeric', month, ...year }).format(day(date));
}

/** Thứ Hai 24/11. */
export const dayWords = (date: string, now: number): string =>
  `${intl({ weekday: 'long' }).format(day(date))} ${dateWords(date, now)}`;

/** Thứ Hai 24/11 lúc 05:00. */
export const momentWords = (at: string, now: number): string =>
  t('programme.day_at', { day: dayWords(localDay(Date.parse(at)), now), time: fmt.clockTime(at) });

/** Seconds below a minute and a half, whole minutes from there. */
export function lengthWords(seconds: number): string {
  if (seconds < 90) return tn('programme.seconds', Math.max(1, Math.round(seconds)));
  return seconds < 3600 ? tn('programme.minutes', Math.round(seconds / 60)) : fmt.span(seconds);
}

/** A figure and its unit stay on one line. */
const unbroken = (words: string) => words.replaceAll(' ', '\u00a0');

/** Thứ Hai 24/11 lúc 05:00, 5 ấp, 12 phút. */
export const nextWords = (next: { start: string; hamlets: number; duration_s: number }, now: number): string =>
  t('programme.airing', {
    when: momentWords(next.start, now),
    where: unbroken(tn('programme.hamlets', next.hamlets)),
    length: unbroken(lengthWords(next.duration_s)),
  });

export function whereWords(airing: Pick<WeekAiring, 'hamlets' | 'whole'>, kind: string | undefined): string {
  if (airing.whole) return tryT(`programme.whole.${kind}`) ?? t('programme.whole');
  if (airing.hamlets.length > 3) return tn('programme.hamlets', airing.hamlets.length);
  return fmt.list(airing.hamlets.map((hamlet) => hamlet.name));
}

function weekDays(days: readonly number[]): string {
  return fmt.list(days.map((number) => weekday(number - 1)));
}
function monthDays(days: readonly number[]): string {
  return fmt.list(
    days.map((number) => (number === LAST_DAY ? t('programme.month_day.last') : t('programme.month_day', { day: number }))),
  );
}
const capital = (words: string) => words.charAt(0).toLocaleUpperCase(language()) + words.slice(1);

/** Hằng ngày lúc 05:00 và 17:00, đến hết 31/12, trừ 25/12. */
export function timetableWords(timetable: Timetable, now: number): string {
  const { every, times, from, until } = timetable;
  const [days, except] = [timetable.days ?? [], timetable.except ?? []];
  const at = fmt.list([...times]);
  if (every === 'once') return t('programme.every.once', { day: dayWords(from, now), times: at });
  const workdays = every === 'week' && days.length === WORKDAYS.length && WORKDAYS.every((one) => days.includes(one));
  const rhythm = workdays
    ? t('programme.every.week.workdays', { times: at })
    : every === 'week'
      ? t('programme.every.week', { days: weekDays(days), times: at })
      : every === 'month'
        ? t('programme.every.month', { days: monthDays(days), times: at })
        : t('programme.every.day', { times: at });
  const parts = [capital(rhythm)];
  if (from > localDay(now)) parts.push(t('programme.from', { day: dateWords(from, now) }));
  if (until) parts.push(t('programme.until', { day: dateWords(until, now) }));
  if (except.length > 0) parts.push(t('programme.except', { days: fmt.list(except.map((one) => dateWords(one, now))) }));
  return parts.join(', ');
}

/** `own` is the entry that is being made or changed: breaches of others name themselves so. */
export function breachOf(breach: BreachBody, own: string, now: number): string {
  const words = { when: momentWords(breach.start, now), area: breach.area.name, why: breachWords(breach) };
  return t(breach.entry && breach.entry !== own ? 'entry.breach.of_other' : 'entry.breach.words', words);
}

const classWords = (name: string) => tryT(`class.${name}`) ?? name;

export function warningOf(warning: Warning, now: number): string {
  switch (warning.kind) {
    case 'collides':
      return t('entry.warn.collides', {
        when: momentWords(warning.start, now),
        title: warning.with.title,
        class: classWords(warning.with.class).toLocaleLowerCase(language()),
      });
    case 'night':
      return t('entry.warn.night', { when: momentWords(warning.start, now) });
    case 'whole_commune':
    case 'latched':
      return t(`entry.warn.${warning.kind}`, { area: warning.area.name });
    case 'never':
    case 'no_nodes':
      return t(`entry.warn.${warning.kind}`);
    default:
      return t('entry.warn.other');
  }
}

export const alarmKind = (kind: string): string => tryT(`programme.alarm.${kind}`) ?? t('programme.alarm.other');
export const alarmWords = (alarm: Alarm): string =>
  t('today.alarm', { kind: alarmKind(alarm.kind), title: alarm.title, time: fmt.clockTime(alarm.start) });

const BAD = ['missed', 'refused'];
const WARN = ['partial', 'pre_empted', 'unreported'];
/** In the order in which a person wants to know: what failed first. */
const ORDER = [...BAD, ...WARN, 'playing', 'played', 'waiting', 'sent', 'due'];

export const isCounted = (counts: Record<string, number>, statuses: readonly string[]): boolean =>
  statuses.some((status) => (counts[status] ?? 0) > 0);

export function runTone(counts: Record<string, number>): Tone {
  if (isCounted(counts, BAD)) return 'bad';
  if (isCounted(counts, WARN)) return 'warn';
  if (isCounted(counts, ['playing'])) return 'live';
  return isCounted(counts, ['due', 'sent', 'waiting']) ? 'calm' : 'good';
}

export function countWords(counts: Record<string, number>): string {
  const said = ORDER.filter((status) => (counts[status] ?? 0) > 0).map((status) =>
    tn(`today.count.${status}` as PluralKey, counts[status] ?? 0),
  );
  return capital(said.join(', '));
}

/** What became of an airing of the week, in a few words; nothing of what is to come. */
export function outcomeWords(counts: Record<string, number>): string {
  const all = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const played = counts['played'] ?? 0;
  if (isCounted(counts, ['playing'])) return t('programme.outcome.playing');
  if (isCounted(counts, ['due', 'sent', 'waiting'])) return t('programme.outcome.open');
  return t(played === all ? 'programme.outcome.all' : 'programme.outcome.some', { played, all });
}

export interface NodeWords {
  tone: Tone;
  status: string;
  reason: string | undefined;
  todo: string | undefined;
}

/** One place of a run. */
export function nodeWords(node: RunNode): NodeWords {
  const { status } = node;
  const stopped = node.reason === 'stopped';
  const why = node.reason ? (tryT(`reason.${node.reason}.what`) ?? t('reason.other.what')) : tryT(`airing.${status}.reason`);
  const began = node.started_at ? t('today.began', { time: fmt.clockTime(node.started_at) }) : undefined;
  const late = node.late_s != null && node.late_s >= 2 ? t('today.late', { span: lengthWords(node.late_s) }) : undefined;
  const todo = node.reason ? tryT(`reason.${node.reason}.todo`) : undefined;
  return {
    tone: stopped ? 'calm' : runTone({ [status]: 1 }),
    status: stopped ? t('airing.stopped') : status === 'due' ? t('today.due') : (tryT(`airing.${status}`) ?? t('airing.unknown')),
    reason: [why, began, late].filter(Boolean).join(' · ') || undefined,
    todo: todo || undefined,
  };
}

export const stateWords = (run: DayRun): string => t(`today.${run.state}`);
