// Calls of screens that are loaded later: policies, what comes from above, reports and calendar feeds.
import { answer, http } from './client';
import type { NewEntry, PolicyBody } from './types';

const of = (code: string) => ({ params: { path: { code } } });

const one = (id: string) => ({ params: { path: { id } } });

export const rules = {
  policy: (code: string) => answer((i) => http.GET('/api/v1/areas/{code}/policy', { ...i, ...of(code) })),
  setPolicy: (code: string, body: PolicyBody) =>
    answer((i) => http.PUT('/api/v1/areas/{code}/policy', { ...i, ...of(code), body })),
  dropPolicy: (code: string) => answer((i) => http.DELETE('/api/v1/areas/{code}/policy', { ...i, ...of(code) })),
  people: () => answer((i) => http.GET('/api/v1/people', i)),

  inbox: (status: 'open' | 'all') => answer((i) => http.GET('/api/v1/inbox', { ...i, params: { query: { status } } })),
  playItem: (item: string) => answer((i) => http.POST('/api/v1/inbox/{id}/play', { ...i, ...one(item) })),
  declineItem: (item: string, remark: string) =>
    answer((i) => http.POST('/api/v1/inbox/{id}/decline', { ...i, ...one(item), body: { remark } })),
  /** Gives it a place in the programme; the bulletin is the item's own. */
  scheduleItem: (item: string, { bulletin: _, ...body }: NewEntry) =>
    answer((i) => http.POST('/api/v1/inbox/{id}/schedule', { ...i, ...one(item), body })),
  sources: () => answer((i) => http.GET('/api/v1/sources', i)),
  addSource: (name: string, area: string) => answer((i) => http.POST('/api/v1/sources', { ...i, body: { name, area } })),
  revokeSource: (source: string) => answer((i) => http.DELETE('/api/v1/sources/{id}', { ...i, ...one(source) })),

  report: (area: string, month: string) =>
    answer((i) => http.GET('/api/v1/reports/month', { ...i, params: { query: { area, month } } })),
  calendars: () => answer((i) => http.GET('/api/v1/calendars', i)),
  addCalendar: (area: string) => answer((i) => http.POST('/api/v1/calendars', { ...i, body: { area } })),
  revokeCalendar: (calendar: string) => answer((i) => http.DELETE('/api/v1/calendars/{id}', { ...i, ...one(calendar) })),
};

/** Where a month's report is as a file. */
export const reportFile = (kind: 'csv' | 'xlsx', area: string, month: string, lang: string) =>
  `/api/v1/reports/month.${kind}?${new URLSearchParams({ area, month, lang })}`;
