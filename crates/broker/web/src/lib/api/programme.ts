// Calls about the programme, for screens that are loaded later.
import { answer, http } from './client';
import type { NewEntry } from './types';

const of = (id: string) => ({ params: { path: { id } } });

export const programme = {
  bulletins: (before?: string, limit = 30) =>
    answer((i) => http.GET('/api/v1/bulletins', { ...i, params: { query: { limit, before } } })),
  week: (area: string, from?: string) =>
    answer((i) => http.GET('/api/v1/programme/week', { ...i, params: { query: { area, from } } })),
  day: (area: string, date?: string) =>
    answer((i) => http.GET('/api/v1/programme/day', { ...i, params: { query: { area, date } } })),
  entries: (area?: string) => answer((i) => http.GET('/api/v1/programme', { ...i, params: { query: { area } } })),
  entry: (id: string) => answer((i) => http.GET('/api/v1/programme/{id}', { ...i, ...of(id) })),
  preview: (body: NewEntry, replaces?: string) =>
    answer((i) => http.POST('/api/v1/programme/preview', { ...i, body: { ...body, ...(replaces ? { replaces } : {}) } })),
  /** `key` names the intent: the broker makes one entry of it, however often it is asked. */
  add: (body: NewEntry, key: string) =>
    answer((i) => http.POST('/api/v1/programme', { ...i, body, params: { header: { 'Idempotency-Key': key } } })),
  change: (id: string, body: NewEntry) => answer((i) => http.PUT('/api/v1/programme/{id}', { ...i, ...of(id), body })),
  remove: (id: string) => answer((i) => http.DELETE('/api/v1/programme/{id}', { ...i, ...of(id) })),
  order: (ids: string[]) => answer((i) => http.PUT('/api/v1/programme/order', { ...i, body: { ids } })),
  alarms: () => answer((i) => http.GET('/api/v1/programme/alarms', i)),
};
