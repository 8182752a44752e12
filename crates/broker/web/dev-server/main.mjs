// FOR DEVELOPMENT AND SCREENSHOTS ONLY: serves dist/ with the broker's headers and answers the API out of state.mjs.
// `npm run build && npm run dev`, then http://127.0.0.1:8090 with any user name and the password "loa". `npx vite` proxies its API here.
// A text with the word "lỗi" in it makes the server fail, to look at what the page then says.
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname } from 'node:path';
import { programmeRoutes } from './programme.mjs';
import {
  areas,
  broadcasts,
  bulletins,
  clips,
  furnish,
  makeBroadcast,
  makeBulletin,
  makeClip,
  makeNode,
  newId,
  nodes,
  person,
  voices,
} from './state.mjs';

const PORT = Number(process.env.PORT ?? 8090);
const DIST = new URL('../dist/', import.meta.url);
const TYPES = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
  '.webmanifest': 'application/manifest+json',
};
const CSP =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; media-src 'self' blob:; worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const listeners = new Set();
const byKey = new Map();
const now = () => new Date().toISOString();
const tell = (event, data) => {
  for (const answer of listeners) answer.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
};
const update = (broadcast, airing, change) => {
  Object.assign(airing, change);
  tell('airing', { broadcast: broadcast.id, airing });
};
const sound = (node, playing) => {
  node.playing = playing;
  tell('node', node);
};

function run(broadcast) {
  for (const airing of broadcast.airings) {
    const node = nodes.get(airing.node.id);
    if (node.status !== 'online') continue;
    setTimeout(
      () => {
        if (airing.status !== 'sent') return;
        update(broadcast, airing, { status: 'playing', started_at: now() });
        const { duration_ms } = airing;
        sound(node, {
          airing: airing.airing,
          broadcast: broadcast.id,
          class: broadcast.bulletin.class,
          started_at: now(),
          duration_ms,
        });
        setTimeout(() => finish(broadcast, airing, 'played', null, duration_ms), duration_ms);
      },
      300 + Math.random() * 500,
    );
  }
}

function finish(broadcast, airing, status, reason, heard_ms) {
  if (!['sent', 'playing'].includes(airing.status)) return;
  update(broadcast, airing, { status, reason, heard_ms, ended_at: now() });
  const node = nodes.get(airing.node.id);
  if (node.playing?.airing === airing.airing) sound(node, null);
}

function stop(which) {
  const chosen = [...broadcasts.values()].filter((broadcast) => !which || broadcast.id === which);
  chosen.forEach((broadcast) => {
    broadcast.airings.forEach((airing, at) => {
      const heard = airing.started_at ? Date.now() - Date.parse(airing.started_at) : 0;
      setTimeout(() => finish(broadcast, airing, heard ? 'partial' : 'missed', 'stopped', heard), 300 + at * 250);
    });
  });
  return { nodes: nodes.size };
}

class Refused extends Error {
  constructor(status, code, params = {}) {
    super(code);
    this.body = { type: 'about:blank', title: code, status, code, params };
  }
}

const spoken = (text) => {
  if (text.includes('lỗi')) throw new Refused(502, 'speech_failed');
  return makeClip(Math.max(2_000, text.length * 70));
};
const MAY = 'read compose approve air schedule decide order stop release share install manage'.split(' ');
const session = { user: { ...person, grants: [{ role: 'admin', area: null }], may: MAY } };
let signedIn = process.env.SIGNED_IN === '1';
let needed = process.env.SETUP === '1';

const routes = {
  'GET /setup': () => ({ needed }),
  'POST /setup': (_p, body) => {
    if (body.password.length < 10) throw new Refused(422, 'password_short', { least: 10 });
    signedIn = true;
    needed = false;
    return session;
  },
  'GET /session': () => session,
  'POST /session': (_p, body) => {
    if (body.password !== 'loa') throw new Refused(401, 'wrong_credentials');
    signedIn = true;
    return session;
  },
  'DELETE /session': () => {
    signedIn = false;
  },
  'GET /areas': () => areas,
  'GET /voices': () => voices,
  'GET /nodes': () => [...nodes.values()],
  'POST /nodes': (_p, body) => {
    const node = makeNode(
      areas.find((area) => area.code === body.hamlet),
      body.name,
      'new',
    );
    nodes.set(node.id, node);
    return node;
  },
  'PATCH /nodes/:id': ([id], { hamlet, ...body }) => {
    const place = areas.find((area) => area.code === hamlet);
    return Object.assign(nodes.get(id), body, place && { hamlet: { code: place.code, name: place.name } });
  },
  'POST /nodes/:id/claims': () => ({
    code: 'K7QM-2XWD-9FTA',
    expires_at: new Date(Date.now() + 7 * 86_400_000).toISOString(),
    server: 'https://loa.example.vn:8443',
    ca_fingerprint: '9f2c1b7e'.repeat(8),
    command: `loa-agent enrol --data /var/lib/loa-agent --server https://loa.example.vn:8443 --ca-fingerprint ${'9f2c1b7e'.repeat(8)} --code K7QM-2XWD-9FTA`,
  }),
  'POST /nodes/:id/revoke': ([id]) => {
    const node = Object.assign(nodes.get(id), { status: 'revoked' });
    tell('node', node);
  },
  'POST /nodes/:id/retirement': ([id]) => {
    const node = Object.assign(nodes.get(id), { status: 'retired' });
    tell('node', node);
    return node;
  },
  'POST /nodes/:id/identify': () => undefined,
  'POST /nodes/:id/test-tone': () => undefined,
  'POST /readings': (_p, { text }) => {
    const known = {
      UBND: 'Ủy ban nhân dân',
      '19h30': 'mười chín giờ ba mươi phút',
      '15/QĐ-UBND': 'mười lăm, quyết định Ủy ban nhân dân',
      '1.500.000': 'một triệu năm trăm nghìn',
      'đ/c': 'đồng chí',
    };
    return { text, changes: Object.entries(known).flatMap(([from, to]) => (text.includes(from) ? [{ from, to }] : [])) };
  },
  'POST /clips/speech': (_p, { text }) => spoken(text),
  'POST /clips': () => makeClip(12_400, ['quiet']),
  'POST /bulletins': (_p, body) =>
    makeBulletin(body.title, body.class, body.clip ? clips.get(body.clip) : spoken(body.text), body.text),
  'GET /bulletins/:id': ([id]) => bulletins.get(id),
  'GET /broadcasts': () => ({
    items: [...broadcasts.values()].sort((a, b) => (a.created_at < b.created_at ? 1 : -1)),
    next: null,
  }),
  'GET /broadcasts/:id': ([id]) => {
    if (!broadcasts.has(id)) throw new Refused(404, 'not_found');
    return broadcasts.get(id);
  },
  'POST /broadcasts': (_p, body, headers) => {
    const key = headers['idempotency-key'];
    if (byKey.has(key)) return byKey.get(key);
    const broadcast = makeBroadcast(bulletins.get(body.bulletin), body.areas);
    byKey.set(key, broadcast);
    tell('broadcast', broadcast);
    run(broadcast);
    return broadcast;
  },
  'POST /broadcasts/:id/stop': ([id]) => stop(id),
  'POST /stop': () => ({ ...stop(), latches: [] }),
  ...programmeRoutes,
};

function find(method, path) {
  for (const [route, handler] of Object.entries(routes)) {
    const [verb, pattern] = route.split(' ');
    const match = verb === method && path.match(new RegExp(`^${pattern.replace(/:id/g, '([^/]+)')}$`));
    if (match) return (body, headers) => handler(match.slice(1), body, headers);
  }
  return undefined;
}

/** Eight seconds of a soft tone, for the player to have something to play. */
function tone() {
  const rate = 8000;
  const data = Buffer.alloc(44 + rate * 8 * 2);
  data.write('RIFF');
  data.writeUInt32LE(data.length - 8, 4);
  data.write('WAVEfmt ', 8);
  data.writeUInt32LE(16, 16);
  data.writeUInt16LE(1, 20);
  data.writeUInt16LE(1, 22);
  data.writeUInt32LE(rate, 24);
  data.writeUInt32LE(rate * 2, 28);
  data.writeUInt16LE(2, 32);
  data.writeUInt16LE(16, 34);
  data.write('data', 36);
  data.writeUInt32LE(data.length - 44, 40);
  for (let i = 0; i < rate * 8; i += 1) data.writeInt16LE(4000 * Math.sin((i * 2 * Math.PI * 330) / rate), 44 + i * 2);
  return data;
}

async function body(request) {
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  const type = request.headers['content-type'] ?? '';
  return type.includes('json') && pieces.length > 0 ? JSON.parse(Buffer.concat(pieces).toString()) : {};
}

async function file(path, answer) {
  const name = /\.\w+$/.test(path) ? path.slice(1) : 'index.html';
  try {
    const content = await readFile(new URL(name, DIST));
    answer.writeHead(200, {
      'content-type': TYPES[extname(name)] ?? 'application/octet-stream',
      'content-security-policy': CSP,
      'cache-control': 'no-cache',
    });
    answer.end(content);
  } catch {
    answer.writeHead(404).end();
  }
}

async function api(request, path, answer) {
  const open =
    ['/setup', '/session'].includes(path) && request.method !== 'DELETE' && !(path === '/session' && request.method === 'GET');
  if (!open && !signedIn) throw new Refused(401, 'sign_in_required');
  if (path === '/events') {
    answer.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    answer.write('event: hello\ndata: {}\n\n');
    listeners.add(answer);
    request.on('close', () => listeners.delete(answer));
    return;
  }
  if (path.startsWith('/clips/') && request.method === 'GET') {
    answer.writeHead(200, { 'content-type': 'audio/wav' }).end(tone());
    return;
  }
  const handler = find(request.method, path);
  if (!handler) throw new Refused(404, 'not_found');
  const result = await handler(await body(request), request.headers);
  answer
    .writeHead(result === undefined ? 204 : 200, { 'content-type': 'application/json' })
    .end(result === undefined ? undefined : JSON.stringify(result));
}

furnish();
setInterval(() => {
  for (const answer of listeners) answer.write(':\n\n');
}, 15_000).unref();
newId('x');
createServer(async (request, answer) => {
  const { pathname } = new URL(request.url, 'http://host');
  try {
    if (pathname.startsWith('/api/v1')) await api(request, pathname.slice(7), answer);
    else await file(pathname, answer);
  } catch (error) {
    const problem = error instanceof Refused ? error.body : new Refused(500, 'internal').body;
    if (!(error instanceof Refused)) process.stderr.write(`${error.stack}\n`);
    answer.writeHead(problem.status, { 'content-type': 'application/problem+json' }).end(JSON.stringify(problem));
  }
}).listen(PORT, '127.0.0.1', () => process.stdout.write(`fixture for development at http://127.0.0.1:${PORT}\n`));
