// Handing bulletins in for approval, and deciding about them.
import { answer, http } from './client';

const one = (id: string) => ({ params: { path: { id } } });

export const approvals = {
  waiting: () => answer((i) => http.GET('/api/v1/approvals', i)),
  /** The newest bulletins, with what was decided about each. */
  newest: () => answer((i) => http.GET('/api/v1/bulletins', { ...i, params: { query: { limit: 30 } } })),
  submit: (bulletin: string, areas: string[]) =>
    answer((i) => http.POST('/api/v1/bulletins/{id}/submit', { ...i, ...one(bulletin), body: { areas } })),
  approve: (bulletin: string) => answer((i) => http.POST('/api/v1/bulletins/{id}/approve', { ...i, ...one(bulletin) })),
  giveBack: (bulletin: string, remark: string) =>
    answer((i) => http.POST('/api/v1/bulletins/{id}/return', { ...i, ...one(bulletin), body: { remark } })),
};
