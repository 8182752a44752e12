// The months that a report can be had of, and its rows by hamlet. Pure.
import type { ReportRow } from '../api/types';
import { ZONE } from '../i18n/format';

const MONTHS = 24;

/** `2026-11` and those before it, newest first, by Vietnam's calendar. */
export function months(now: number): string[] {
  const [year = 1970, month = 1] = new Intl.DateTimeFormat('en-CA', { timeZone: ZONE, year: 'numeric', month: '2-digit' })
    .format(now)
    .split('-')
    .map(Number);
  return Array.from({ length: MONTHS }, (_, back) => new Date(Date.UTC(year, month - 1 - back)).toISOString().slice(0, 7));
}

export interface HamletRows {
  code: string;
  name: string;
  rows: ReportRow[];
}

/** In the order they come in. */
export function byHamlet(rows: readonly ReportRow[]): HamletRows[] {
  const hamlets = new Map<string, HamletRows>();
  for (const row of rows) {
    const { code, name } = row.hamlet;
    const known = hamlets.get(code) ?? { code, name, rows: [] };
    known.rows.push(row);
    hamlets.set(code, known);
  }
  return [...hamlets.values()];
}
