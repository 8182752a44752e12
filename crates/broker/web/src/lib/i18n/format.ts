// Instants, durations and sizes in words and figures of the chosen language. Times are shown in Vietnam's zone wherever the phone is.
import type { Lang } from './messages';

export const ZONE = 'Asia/Ho_Chi_Minh';
const TAG: Record<Lang, string> = { vi: 'vi-VN', en: 'en-GB' };

const made = new Map<string, Intl.DateTimeFormat>();
function formatter(lang: Lang, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const name = lang + JSON.stringify(options);
  const known = made.get(name) ?? new Intl.DateTimeFormat(TAG[lang], { timeZone: ZONE, ...options });
  made.set(name, known);
  return known;
}

type Instant = string | number | Date;
const date = (instant: Instant) => new Date(instant);

export const clockTime = (lang: Lang, at: Instant): string =>
  formatter(lang, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).format(date(at));

export const clockTimeWithSeconds = (lang: Lang, at: Instant): string =>
  formatter(lang, { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' }).format(date(at));

/** Hour of the day in Vietnam, 0 to 23. */
export const hourOfDay = (at: Instant): number => Number(formatter('en', { hour: '2-digit', hourCycle: 'h23' }).format(date(at)));

const civil = (at: Instant) => formatter('en', { year: 'numeric', month: '2-digit', day: '2-digit' }).format(date(at));
const DAY_MS = 86_400_000;

/** Whole days between two instants by Vietnam's calendar: 0 today, 1 yesterday. */
export function daysAgo(at: Instant, now: number): number {
  const day = (text: string) => {
    const [d = 1, m = 1, y = 1970] = text.split('/').map(Number);
    return Date.UTC(y, m - 1, d) / DAY_MS;
  };
  return day(civil(now)) - day(civil(at));
}

export function dayName(lang: Lang, at: Instant, now: number): string {
  const days = daysAgo(at, now);
  if (days === 0 || days === 1) {
    const words = new Intl.RelativeTimeFormat(TAG[lang], { numeric: 'auto' }).format(-days, 'day');
    return words.charAt(0).toLocaleUpperCase(TAG[lang]) + words.slice(1);
  }
  const sameYear = civil(at).slice(-4) === civil(now).slice(-4);
  return formatter(lang, {
    weekday: 'long',
    day: 'numeric',
    month: 'numeric',
    ...(sameYear ? {} : { year: 'numeric' }),
  }).format(date(at));
}

const BEFORE_DATE: Record<Lang, string> = { vi: ' ngày ', en: ' on ' };
/** The time today, with the day before it otherwise. */
export const moment = (lang: Lang, at: Instant, now: number): string =>
  daysAgo(at, now) === 0
    ? clockTime(lang, at)
    : `${clockTime(lang, at)}${BEFORE_DATE[lang]}${formatter(lang, { day: 'numeric', month: 'numeric' }).format(date(at))}`;

/** Day, month, year and time, whenever it is read. */
export const dated = (lang: Lang, at: Instant): string =>
  formatter(lang, {
    day: '2-digit',
    month: '2-digit',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  }).format(date(at));

const JUST_NOW: Record<Lang, string> = { vi: 'vừa xong', en: 'just now' };
/** How long ago, roughly: just now below five seconds, seconds below a minute, then minutes, hours, days. */
export function ago(lang: Lang, at: Instant, now: number): string {
  const seconds = Math.max(0, Math.round((now - date(at).getTime()) / 1000));
  if (seconds < 5) return JUST_NOW[lang];
  const words = new Intl.RelativeTimeFormat(TAG[lang], { numeric: 'always' });
  if (seconds < 60) return words.format(-seconds, 'second');
  if (seconds < 3600) return words.format(-Math.floor(seconds / 60), 'minute');
  if (seconds < 86_400) return words.format(-Math.floor(seconds / 3600), 'hour');
  return words.format(-Math.floor(seconds / 86_400), 'day');
}

/** 83_400 ms is 1:23; an hour and more is 1:02:03. Rounded down, so that a clock never shows more than has passed. */
export function stopwatch(ms: number): string {
  const total = Math.max(0, Math.floor(ms / 1000));
  const two = (n: number) => String(n).padStart(2, '0');
  const [h, m, s] = [Math.floor(total / 3600), Math.floor((total % 3600) / 60), total % 60];
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

export const number = (lang: Lang, value: number, digits = 0): string =>
  new Intl.NumberFormat(TAG[lang], { maximumFractionDigits: digits }).format(value);

export const percent = (lang: Lang, share: number): string =>
  new Intl.NumberFormat(TAG[lang], { style: 'percent', maximumFractionDigits: 0 }).format(share);

/** Bytes as megabytes, from a thousand of them as gigabytes. */
export function size(lang: Lang, bytes: number): string {
  const [unit, value] = bytes >= 1e9 ? ['gigabyte', bytes / 1e9] : ['megabyte', bytes / 1e6];
  return new Intl.NumberFormat(TAG[lang], { style: 'unit', unit, maximumFractionDigits: 1 }).format(value);
}

export const days = (lang: Lang, count: number): string =>
  new Intl.NumberFormat(TAG[lang], { style: 'unit', unit: 'day', unitDisplay: 'long' }).format(count);

export const hours = (lang: Lang, count: number): string =>
  new Intl.NumberFormat(TAG[lang], { style: 'unit', unit: 'hour', unitDisplay: 'long' }).format(count);

export const minutes = (lang: Lang, count: number): string =>
  new Intl.NumberFormat(TAG[lang], { style: 'unit', unit: 'minute', unitDisplay: 'long' }).format(count);

/** How long something has been running, by its two largest units at most. */
export function span(lang: Lang, seconds: number): string {
  const d = Math.floor(seconds / 86_400);
  const h = Math.floor((seconds % 86_400) / 3600);
  const m = Math.floor((seconds % 3600) / 60);
  if (d > 0) return h > 0 ? `${days(lang, d)} ${hours(lang, h)}` : days(lang, d);
  if (h > 0) return m > 0 ? `${hours(lang, h)} ${minutes(lang, m)}` : hours(lang, h);
  return minutes(lang, m);
}

/** Names in a row; none is broken over two lines. */
export const list = (lang: Lang, items: string[]): string =>
  new Intl.ListFormat(TAG[lang], { style: 'long', type: 'conjunction' }).format(
    items.map((item) => item.replaceAll(' ', '\u00a0')),
  );
