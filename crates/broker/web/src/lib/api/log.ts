// Calls about the audit log.
import { answer, http } from './client';

export interface LogFilter {
  /** A person's id. */
  actor: string;
  action: string;
  /** `2026-11-25`. */
  day: string;
}

/** What is asked for; an empty field asks for nothing. */
const asked = (filter: LogFilter) => Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== ''));

export const log = {
  part: (filter: LogFilter, before?: number) =>
    answer((i) => http.GET('/api/v1/audit', { ...i, params: { query: { ...asked(filter), before } } })),
};

/** Where the log is as a file. */
export const logFile = (filter: LogFilter, lang: string) =>
  `/api/v1/audit.csv?${new URLSearchParams({ ...asked(filter), lang })}`;
