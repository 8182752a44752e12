// Calls of screens that are loaded later: policies, what comes from above, reports and calendar feeds.
import { answer, http } from './client';
import type { Calendar, InboxItem, MonthReport, Source } from './rules-types';
import type { Broadcast, NewEntry, PolicyBody, ProgrammeEntry } from './types';

const of = (code: string) => ({ params: { path: { code } } });

async function ask<T>(method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown): Promise<T> {
  const sent = body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
  return answer(async (init) => {
    const response = await fetch(`/api/v1${path}`, { ...init, method, ...sent });
    const read: unknown = response.status === 204 ? undefined : await response.json().catch(() => undefined);
    return response.ok ? { data: read as T, response } : { error: read, response };
  });
}

export const rules = {
  policy: (code: string) => answer((i) => http.GET('/api/v1/areas/{code}/policy', { ...i, ...of(code) })),
  setPolicy: (code: string, body: PolicyBody) =>
    answer((i) => http.PUT('/api/v1/areas/{code}/policy', { ...i, ...of(code), body })),
  dropPolicy: (code: string) => answer((i) => http.DELETE('/api/v1/areas/{code}/policy', { ...i, ...of(code) })),
  people: () => answer((i) => http.GET('/api/v1/people', i)),

  inbox: (status: 'open' | 'all') => ask<{ items: InboxItem[] }>('GET', `/inbox?status=${status}`),
  playItem: (item: string) => ask<Broadcast>('POST', `/inbox/${encodeURIComponent(item)}/play`),
  declineItem: (item: string, remark: string) => ask<void>('POST', `/inbox/${encodeURIComponent(item)}/decline`, { remark }),
  /** Gives it a place in the programme; the bulletin is the item's own. */
  scheduleItem: (item: string, { bulletin: _, ...body }: NewEntry) =>
    ask<ProgrammeEntry>('POST', `/inbox/${encodeURIComponent(item)}/schedule`, body),
  sources: () => ask<{ items: Source[] }>('GET', '/sources'),
  addSource: (name: string, area: string) => ask<Source & { token: string }>('POST', '/sources', { name, area }),
  revokeSource: (source: string) => ask<void>('DELETE', `/sources/${encodeURIComponent(source)}`),

  report: (area: string, month: string) => ask<MonthReport>('GET', `/reports/month?${new URLSearchParams({ area, month })}`),
  calendars: () => ask<{ items: Calendar[] }>('GET', '/calendars'),
  addCalendar: (area: string) => ask<Calendar & { url: string }>('POST', '/calendars', { area }),
  revokeCalendar: (calendar: string) => ask<void>('DELETE', `/calendars/${encodeURIComponent(calendar)}`),
};

/** Where a month's report is as a file. */
export const reportFile = (kind: 'csv' | 'xlsx', area: string, month: string, lang: string) =>
  `/api/v1/reports/month.${kind}?${new URLSearchParams({ area, month, lang })}`;
