// The way to the broker: every call the page makes, typed by the OpenAPI. A call gives its answer or throws a Problem, never anything else,
// and never waits for ever. Nothing here retries: who may ask twice is decided where the intent is known.
import createClient from 'openapi-fetch';
import { Problem, problemFromAnswer, problemFromThrown } from './problem';
import type { paths } from './schema';
import type { Bulletin, Clip, NewBulletin, Volume } from './types';

const QUICK_MS = 15_000;
/** Speech of a long text takes the broker some seconds on a small machine. */
const SLOW_MS = 60_000;

/** Told when the broker no longer knows us; and of the broker's clock, from each answer. */
export const hooks = { signedOut: () => {}, date: (_date: string | null) => {} };

export const http = createClient<paths>({ baseUrl: '', credentials: 'same-origin' });

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

export function raise(problem: Problem): never {
  if (problem.code === 'sign_in_required') hooks.signedOut();
  throw problem;
}

export async function answer<T>(call: (init: { signal: AbortSignal }) => Promise<Answer<T>>, limitMs = QUICK_MS): Promise<T> {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(new DOMException('', 'TimeoutError')), limitMs);
  try {
    const { data, error, response } = await call({ signal: abort.signal });
    hooks.date(response.headers.get('date'));
    if (!response.ok) throw problemFromAnswer(response.status, error);
    return data as T;
  } catch (thrown) {
    raise(problemFromThrown(thrown));
  } finally {
    clearTimeout(timer);
  }
}

const id = (value: string) => ({ params: { path: { id: value } } });

export const api = {
  setup: () => answer((i) => http.GET('/api/v1/setup', i)),
  finishSetup: (body: { token: string; username: string; display_name: string; password: string }) =>
    answer((i) => http.POST('/api/v1/setup', { ...i, body })),
  session: () => answer((i) => http.GET('/api/v1/session', i)),
  signIn: (username: string, password: string, code?: string) =>
    answer((i) => http.POST('/api/v1/session', { ...i, body: { username, password, code } }), 30_000),
  signOut: () => answer((i) => http.DELETE('/api/v1/session', i)),

  areas: () => answer((i) => http.GET('/api/v1/areas', i)),
  addArea: (code: string, name: string, parent?: string) =>
    answer((i) => http.POST('/api/v1/areas', { ...i, body: { code, name, parent } })),
  renameArea: (code: string, name: string) =>
    answer((i) => http.PATCH('/api/v1/areas/{code}', { ...i, params: { path: { code } }, body: { name } })),
  voices: () => answer((i) => http.GET('/api/v1/voices', i)),

  nodes: () => answer((i) => http.GET('/api/v1/nodes', i)),
  addNode: (hamlet: string, name: string) => answer((i) => http.POST('/api/v1/nodes', { ...i, body: { hamlet, name } })),
  renameNode: (node: string, name: string) =>
    answer((i) => http.PATCH('/api/v1/nodes/{id}', { ...i, ...id(node), body: { name } })),
  moveNode: (node: string, hamlet: string) =>
    answer((i) => http.PATCH('/api/v1/nodes/{id}', { ...i, ...id(node), body: { hamlet } })),
  retire: (node: string) => answer((i) => http.POST('/api/v1/nodes/{id}/retirement', { ...i, ...id(node) })),
  setVolume: (node: string, volume: Volume) =>
    answer((i) => http.PATCH('/api/v1/nodes/{id}', { ...i, ...id(node), body: { volume } })),
  claim: (node: string) => answer((i) => http.POST('/api/v1/nodes/{id}/claims', { ...i, ...id(node) })),
  revoke: (node: string) => answer((i) => http.POST('/api/v1/nodes/{id}/revoke', { ...i, ...id(node) })),
  identify: (node: string) => answer((i) => http.POST('/api/v1/nodes/{id}/identify', { ...i, ...id(node) })),
  testTone: (node: string) => answer((i) => http.POST('/api/v1/nodes/{id}/test-tone', { ...i, ...id(node) })),

  reading: (text: string) => answer((i) => http.POST('/api/v1/readings', { ...i, body: { text } })),
  speech: (text: string, voice: string, rate: number): Promise<Clip> =>
    answer((i) => http.POST('/api/v1/clips/speech', { ...i, body: { text, voice, rate } }), SLOW_MS),
  bulletin: (bulletin: string) => answer((i) => http.GET('/api/v1/bulletins/{id}', { ...i, ...id(bulletin) })),
  addBulletin: (body: NewBulletin): Promise<Bulletin> => answer((i) => http.POST('/api/v1/bulletins', { ...i, body }), SLOW_MS),

  broadcasts: (before?: string, limit = 30) =>
    answer((i) => http.GET('/api/v1/broadcasts', { ...i, params: { query: { limit, before } } })),
  broadcast: (broadcast: string) => answer((i) => http.GET('/api/v1/broadcasts/{id}', { ...i, ...id(broadcast) })),
  /** `key` names the intent: the broker starts one broadcast for it, however often it is asked. */
  play: (bulletin: string, areas: string[], key: string, confirmed = false) =>
    answer((i) =>
      http.POST('/api/v1/broadcasts', {
        ...i,
        body: { bulletin, areas, confirmed },
        params: { header: { 'Idempotency-Key': key } },
      }),
    ),
  stopBroadcast: (broadcast: string) => answer((i) => http.POST('/api/v1/broadcasts/{id}/stop', { ...i, ...id(broadcast) })),
  stopEverything: () => answer((i) => http.POST('/api/v1/stop', { ...i, body: {} }), 5_000),
  latches: () => answer((i) => http.GET('/api/v1/latches', i)),
  /** What came from above and isn't over. */
  inbox: () => answer((i) => http.GET('/api/v1/inbox', { ...i, params: { query: { status: 'open' } } })),
  release: (latch: string) => answer((i) => http.POST('/api/v1/latches/{id}/release', { ...i, ...id(latch) })),
};

/** Where a clip can be listened to. */
export const clipUrl = (hash: string) => `/api/v1/clips/${encodeURIComponent(hash)}`;

/** Sends a sound file. XMLHttpRequest, because fetch can't tell how far an upload has come. */
export function upload(file: Blob, name: string, progress: (share: number) => void, abort: AbortSignal): Promise<Clip> {
  return new Promise<Clip>((resolve, reject) => {
    const request = new XMLHttpRequest();
    const fail = (problem: Problem) => {
      if (problem.code === 'sign_in_required') hooks.signedOut();
      reject(problem);
    };
    request.open('POST', '/api/v1/clips');
    request.responseType = 'json';
    request.upload.onprogress = (event) => progress(event.lengthComputable ? event.loaded / event.total : 0);
    request.onload = () => {
      hooks.date(request.getResponseHeader('date'));
      if (request.status >= 200 && request.status < 300) resolve(request.response as Clip);
      else fail(problemFromAnswer(request.status, request.response));
    };
    request.onerror = () => fail(problemFromThrown(new TypeError()));
    request.onabort = () => reject(new Problem('page_cancelled'));
    abort.addEventListener('abort', () => request.abort());
    const form = new FormData();
    form.append('file', file, name);
    request.send(form);
  });
}
