// Calls about commissioning a node.
import { answer, http } from './client';
import type { NewSheet } from './types';

/** Speech, and a photo over a weak network. */
const SLOW_MS = 60_000;
const of = (id: string) => ({ params: { path: { id } } });

export const commissioning = {
  one: (node: string) => answer((i) => http.GET('/api/v1/nodes/{id}/commissioning', { ...i, ...of(node) })),
  write: (node: string, body: NewSheet) =>
    answer((i) => http.PUT('/api/v1/nodes/{id}/commissioning', { ...i, ...of(node), body })),
  takePhoto: (node: string, jpeg: Blob) =>
    answer(
      (i) =>
        http.PUT('/api/v1/nodes/{id}/commissioning/photo', {
          ...i,
          ...of(node),
          headers: { 'content-type': 'image/jpeg' },
          body: '',
          bodySerializer: () => jpeg,
        }),
      SLOW_MS,
    ),
  spokenTest: (node: string) =>
    answer((i) => http.POST('/api/v1/nodes/{id}/commissioning/spoken-test', { ...i, ...of(node) }), SLOW_MS),
  sign: (node: string) => answer((i) => http.POST('/api/v1/nodes/{id}/commissioning/sign', { ...i, ...of(node) })),
};

/** Where the photo is; its hash, so that a new one is fetched. */
export const photoUrl = (node: string, hash: string) =>
  `/api/v1/nodes/${encodeURIComponent(node)}/commissioning/photo?${hash.slice(0, 16)}`;
