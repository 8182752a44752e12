// Calls about people and one's own account, of screens that are loaded later.
import { answer, http } from './client';
import type { NewGrant } from './types';

const one = (id: string) => ({ params: { path: { id } } });

export const people = {
  all: () => answer((i) => http.GET('/api/v1/people', i)),
  invitations: () => answer((i) => http.GET('/api/v1/people/invitations', i)),
  invite: (grants: NewGrant[]) => answer((i) => http.POST('/api/v1/people/invitations', { ...i, body: { grants } })),
  uninvite: (id: string) => answer((i) => http.DELETE('/api/v1/people/invitations/{id}', { ...i, ...one(id) })),
  setGrants: (id: string, grants: NewGrant[]) =>
    answer((i) => http.PUT('/api/v1/people/{id}/grants', { ...i, ...one(id), body: { grants } })),
  deactivate: (id: string) => answer((i) => http.POST('/api/v1/people/{id}/deactivate', { ...i, ...one(id) })),
  reactivate: (id: string) => answer((i) => http.POST('/api/v1/people/{id}/reactivate', { ...i, ...one(id) })),
  reset: (id: string) => answer((i) => http.POST('/api/v1/people/{id}/reset', { ...i, ...one(id) })),
  dropTwoStep: (id: string) => answer((i) => http.DELETE('/api/v1/people/{id}/two-step', { ...i, ...one(id) })),
  sessions: (id: string) => answer((i) => http.GET('/api/v1/people/{id}/sessions', { ...i, ...one(id) })),
  endSessions: (id: string) => answer((i) => http.DELETE('/api/v1/people/{id}/sessions', { ...i, ...one(id) })),

  look: (token: string) => answer((i) => http.POST('/api/v1/invitations/look', { ...i, body: { token } })),
  accept: (body: { token: string; username: string; display_name: string; password: string }) =>
    answer((i) => http.POST('/api/v1/invitations/accept', { ...i, body })),
  finishReset: (token: string, password: string) =>
    answer((i) => http.POST('/api/v1/resets', { ...i, body: { token, password } })),
};

/** What asks for the password takes the broker as long as signing in. */
const SLOW_MS = 30_000;

export const account = {
  changePassword: (old: string, next: string) =>
    answer((i) => http.PUT('/api/v1/account/password', { ...i, body: { old, new: next } }), SLOW_MS),
  sessions: () => answer((i) => http.GET('/api/v1/account/sessions', i)),
  endSession: (id: string) => answer((i) => http.DELETE('/api/v1/account/sessions/{id}', { ...i, ...one(id) })),
  beginTwoStep: (password: string) => answer((i) => http.POST('/api/v1/account/two-step', { ...i, body: { password } }), SLOW_MS),
  confirmTwoStep: (code: string) => answer((i) => http.POST('/api/v1/account/two-step/confirm', { ...i, body: { code } })),
  dropTwoStep: (password: string) =>
    answer((i) => http.POST('/api/v1/account/two-step/drop', { ...i, body: { password } }), SLOW_MS),
};
