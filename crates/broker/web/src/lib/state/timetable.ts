// An entry of the programme as a person fills it in, and as the broker takes it. Pure; days are `YYYY-MM-DD` and times `HH:MM`, local.
import type { Area, NewEntry, Preview, ProgrammeEntry } from '../api/types';

export type Every = 'once' | 'day' | 'week' | 'month';
/** What the broker calls the last day of a month. */
export const LAST_DAY = -1;
export const WORKDAYS = [1, 2, 3, 4, 5];
const DAY_MS = 86_400_000;

export interface EntryForm {
  bulletin: string;
  hamlets: string[];
  every: Every;
  /** 1 is Monday. */
  weekDays: number[];
  monthDays: number[];
  times: string[];
  from: string;
  /** Empty: without end. */
  until: string;
  except: string[];
  repeats: number | null;
  gap: number | null;
  catchUp: number;
  resume: boolean;
  /** As a field for date and time gives it; empty: never. */
  expires: string;
  exceeds: string[];
}

/** The local day of an instant, where Vietnam's clocks are. */
export const localDay = (at: number): string => new Date(at + 7 * 3_600_000).toISOString().slice(0, 10);
export const addDays = (day: string, days: number): string =>
  new Date(Date.parse(`${day}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);

export const toField = (instant: string) => new Date(Date.parse(instant) + 7 * 3_600_000).toISOString().slice(0, 16);
const fromField = (field: string) => new Date(`${field}:00+07:00`).toISOString();

export function blankForm(now: number): EntryForm {
  return {
    bulletin: '',
    hamlets: [],
    every: 'day',
    weekDays: [],
    monthDays: [],
    times: ['05:00'],
    from: localDay(now),
    until: '',
    except: [],
    repeats: 1,
    gap: 30,
    catchUp: 600,
    resume: false,
    expires: '',
    exceeds: [],
  };
}

export function formOf(entry: ProgrammeEntry, hamlets: string[]): EntryForm {
  const { timetable } = entry;
  const days = timetable.days ?? [];
  return {
    bulletin: entry.bulletin.id,
    hamlets,
    every: timetable.every as Every,
    weekDays: timetable.every === 'week' ? [...days] : [],
    monthDays: timetable.every === 'month' ? [...days] : [],
    times: [...timetable.times],
    from: timetable.from,
    until: timetable.until ?? '',
    except: [...(timetable.except ?? [])],
    repeats: entry.repeats,
    gap: entry.gap_s,
    catchUp: entry.catch_up_s,
    resume: entry.resume,
    expires: entry.expires_at ? toField(entry.expires_at) : '',
    exceeds: [...entry.exceeds],
  };
}

/** The hamlets that areas stand for. */
export function hamletsIn(codes: readonly string[], areas: readonly Area[]): string[] {
  const parents = new Map(areas.map((area) => [area.code, area.parent]));
  const lies = (code: string | null | undefined): boolean => !!code && (codes.includes(code) || lies(parents.get(code)));
  return areas.filter((area) => area.kind === 'hamlet' && lies(area.code)).map((area) => area.code);
}

export type Lack = 'bulletin' | 'hamlets' | 'days' | 'times' | 'from' | 'until' | 'numbers';

const within = (value: number | null, least: number, most: number) =>
  value !== null && Number.isInteger(value) && value >= least && value <= most;

/** What must be filled in before it can be asked about; the first thing from above. */
export function lackOf(form: EntryForm): Lack | undefined {
  if (!form.bulletin) return 'bulletin';
  if (form.hamlets.length === 0) return 'hamlets';
  if (form.every === 'week' && form.weekDays.length === 0) return 'days';
  if (form.every === 'month' && form.monthDays.length === 0) return 'days';
  if (!form.times.some(Boolean)) return 'times';
  if (!form.from) return 'from';
  if (form.every !== 'once' && form.until && form.until < form.from) return 'until';
  if (!within(form.repeats, 1, 20) || !within(form.gap, 0, 3600)) return 'numbers';
  return undefined;
}

const sorted = (values: string[]) => [...new Set(values.filter(Boolean))].sort();

/** What is asked of the broker. `zone` is an entry's own, when it has one. */
export function bodyOf(form: EntryForm, areas: string[], zone?: string): NewEntry {
  const days = form.every === 'week' ? form.weekDays : form.every === 'month' ? form.monthDays : [];
  const recurs = form.every !== 'once';
  return {
    bulletin: form.bulletin,
    areas,
    timetable: {
      every: form.every,
      days: [...days].sort((a, b) => (a === LAST_DAY ? 99 : a) - (b === LAST_DAY ? 99 : b)),
      times: sorted(form.times),
      from: form.from,
      ...(recurs && form.until ? { until: form.until } : {}),
      except: recurs ? sorted(form.except) : [],
    },
    ...(zone ? { time_zone: zone } : {}),
    repeats: form.repeats ?? 1,
    gap_s: (form.repeats ?? 1) > 1 ? (form.gap ?? 0) : 0,
    catch_up_s: form.catchUp,
    ...(form.expires ? { expires_at: fromField(form.expires) } : {}),
    resume: form.resume,
    exceeds: form.exceeds,
  };
}

export interface Verdict {
  /** Whether policy lets it be saved. */
  blocked: boolean;
  /** Limits that are breached and that this person may lift. */
  liftable: string[];
}

/** What a preview means for saving: anything that is refused stands in the way. */
export function verdict(preview: Preview): Verdict {
  const breached = [...new Set(preview.breaches.map((breach) => breach.limit))];
  return { blocked: preview.breach_count > 0, liftable: breached.filter((limit) => preview.lifted.includes(limit)) };
}

/** `items` with the one at `at` moved by `step`, when that is possible. */
export function moved<T>(items: readonly T[], at: number, step: -1 | 1): T[] {
  const to = at + step;
  const [one, other] = [items[at], items[to]];
  if (one === undefined || other === undefined) return [...items];
  return items.with(at, other).with(to, one);
}
