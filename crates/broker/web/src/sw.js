// The page without a network: keeps the shell (the files of one build) and nothing else. What the API says is never kept: an old state of
// the loudspeakers is worse than none. SHELL and VERSION are put in by the build.
const SHELL = __SHELL__;
const CACHE = `loa-shell-${__VERSION__}`;
const PATIENCE_MS = 4000;

self.addEventListener('install', (event) => {
  const keep = async () => {
    const cache = await caches.open(CACHE);
    await cache.addAll(SHELL.map((path) => new Request(path, { cache: path.startsWith('/assets/') ? 'default' : 'reload' })));
    await self.skipWaiting();
  };
  event.waitUntil(keep());
});

self.addEventListener('activate', (event) => {
  const clean = async () => {
    const names = await caches.keys();
    await Promise.all(names.filter((name) => name.startsWith('loa-shell-') && name !== CACHE).map((name) => caches.delete(name)));
    await self.clients.claim();
  };
  event.waitUntil(clean());
});

/** The newest first page if it comes soon, the kept one otherwise. */
async function firstPage(request) {
  const kept = await caches.match('/', { cacheName: CACHE });
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), PATIENCE_MS);
  try {
    const fresh = await fetch(request.url, { signal: abort.signal, credentials: 'same-origin' });
    return fresh.ok || !kept ? fresh : kept;
  } catch (thrown) {
    if (kept) return kept;
    throw thrown;
  } finally {
    clearTimeout(timer);
  }
}

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== self.location.origin) return;
  if (request.mode === 'navigate') {
    if (!url.pathname.startsWith('/api/') && !/\.\w+$|^\/(healthz|metrics)$/.test(url.pathname))
      event.respondWith(firstPage(request));
  } else if (SHELL.includes(url.pathname) && url.pathname !== '/') {
    event.respondWith(caches.match(request, { cacheName: CACHE }).then((kept) => kept ?? fetch(request)));
  }
});
