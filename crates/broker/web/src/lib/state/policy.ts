// Quy chế as a form: plain values that fields can be bound to, what of them can't be meant, and the way there and back. Pure.
import type { PolicyBody } from '../api/types';

export const LIMITS = ['hours', 'session_minutes', 'sessions_per_day', 'volume'] as const;
export type Limit = (typeof LIMITS)[number];

/** `HH:MM`. Midnight at the end of the day is `00:00` in a field, `24:00` on the wire. */
export interface SpanForm {
  from: string;
  to: string;
}
export interface CeilingForm extends SpanForm {
  percent: number;
}
export interface PolicyForm {
  /** One set of hours for all days: the first day's. */
  same: boolean;
  /** Monday first; a day without any is silent. */
  days: SpanForm[][];
  minutes: number | null;
  sessions: number | null;
  ceilings: CeilingForm[];
  exceedable: Limit[];
  /** Who may exceed what: people's ids. */
  by: Record<Limit, string[]>;
  /** Who may approve what they made themselves: people's ids. */
  ownApprovers: string[];
}
export type Section = 'hours' | 'session_minutes' | 'sessions_per_day' | 'ceilings';

type Span = PolicyBody['hours'][number][number];

const isLimit = (name: string): name is Limit => (LIMITS as readonly string[]).includes(name);
const shown = ({ from, to }: Span): SpanForm => ({ from, to: to === '24:00' ? '00:00' : to });
const told = <S extends SpanForm>(span: S): S => ({ ...span, to: span.to === '00:00' ? '24:00' : span.to });
const earlier = (a: SpanForm, b: SpanForm) => a.from.localeCompare(b.from);

export function formOf(policy: PolicyBody): PolicyForm {
  const days = Array.from({ length: 7 }, (_, day) => (policy.hours[day] ?? []).map(shown));
  const mayLift = (limit: Limit) =>
    (policy.exceeders ?? []).filter((exceeder) => exceeder.limits.includes(limit)).map((exceeder) => exceeder.person);
  return {
    same: days.every((spans) => JSON.stringify(spans) === JSON.stringify(days[0])),
    days,
    minutes: policy.session_minutes ?? null,
    sessions: policy.sessions_per_day ?? null,
    ceilings: (policy.ceilings ?? []).map((ceiling) => ({ ...shown(ceiling), percent: ceiling.percent })),
    exceedable: (policy.exceedable ?? []).filter(isLimit),
    by: {
      hours: mayLift('hours'),
      session_minutes: mayLift('session_minutes'),
      sessions_per_day: mayLift('sessions_per_day'),
      volume: mayLift('volume'),
    },
    ownApprovers: policy.own_approvers ?? [],
  };
}

const hoursOf = (form: PolicyForm): SpanForm[][] =>
  form.days.map((spans, day) => (form.same && day > 0 ? (form.days[0] ?? []) : spans));

/** In order; spans that touch are one. */
function joined(spans: SpanForm[]): Span[] {
  const list: Span[] = [];
  for (const span of spans.map(told).sort(earlier)) {
    const last = list.at(-1);
    if (last && last.to === span.from) last.to = span.to;
    else list.push({ ...span });
  }
  return list;
}

/** A ceiling over midnight is one until midnight and one after it. */
function withinADay(ceiling: CeilingForm): CeilingForm[] {
  const { from, to, percent } = told(ceiling);
  if (from < to) return [{ from, to, percent }];
  return [
    { from, to: '24:00', percent },
    { from: '00:00', to, percent },
  ];
}

/** Only of a form without faults. */
export function bodyOf(form: PolicyForm): PolicyBody {
  const people = [...new Set(form.exceedable.flatMap((limit) => form.by[limit]))];
  const limitsOf = (person: string) => form.exceedable.filter((limit) => form.by[limit].includes(person));
  return {
    hours: hoursOf(form).map(joined),
    ...(form.minutes === null ? {} : { session_minutes: form.minutes }),
    ...(form.sessions === null ? {} : { sessions_per_day: form.sessions }),
    ceilings: form.ceilings.flatMap(withinADay).sort(earlier),
    exceedable: form.exceedable,
    exceeders: people.map((person) => ({ person, limits: limitsOf(person) })),
    own_approvers: form.ownApprovers,
  };
}

function isOrderly(spans: SpanForm[]): boolean {
  const list = spans.map(told).sort(earlier);
  return list.every((span, at) => {
    const next = list[at + 1];
    return span.from !== '' && span.from < span.to && (next === undefined || span.to <= next.from);
  });
}
const isCount = (value: number | null, least: number, most: number) =>
  value === null || (Number.isInteger(value) && value >= least && value <= most);

/** What can't be meant, by the part of the form. */
export function faults(form: PolicyForm): Set<Section> {
  const found = new Set<Section>();
  if (!hoursOf(form).every(isOrderly)) found.add('hours');
  if (!isCount(form.minutes, 1, 1440)) found.add('session_minutes');
  if (!isCount(form.sessions, 0, 100)) found.add('sessions_per_day');
  if (form.ceilings.some(({ from, to }) => from === '' || to === '' || from === to)) found.add('ceilings');
  return found;
}

export interface DayGroup {
  /** 0 is Monday. */
  first: number;
  last: number;
  spans: Span[];
}

/** Days in a row that have the same hours, together. */
export function dayGroups(hours: Span[][]): DayGroup[] {
  const groups: DayGroup[] = [];
  for (const [day, spans] of hours.entries()) {
    const last = groups.at(-1);
    if (last && JSON.stringify(last.spans) === JSON.stringify(spans)) last.last = day;
    else groups.push({ first: day, last: day, spans });
  }
  return groups;
}
