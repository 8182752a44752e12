// Which screen is shown, from the address alone. Links are ordinary <a href>; clicks on them are taken over once, here.

export type Route =
  | {
      name:
        | 'play'
        | 'nodes'
        | 'add-node'
        | 'approvals'
        | 'areas'
        | 'history'
        | 'settings'
        | 'policy'
        | 'inbox'
        | 'log'
        | 'report'
        | 'setup'
        | 'people'
        | 'releases'
        | 'account'
        | 'invitation'
        | 'reset'
        | 'unknown';
    }
  | { name: 'programme' | 'today' }
  | { name: 'broadcast' | 'node' | 'commissioning' | 'commissioning-report'; id: string }
  | { name: 'entry'; id: string | undefined };

export function routeOf(path: string): Route {
  const [first = '', second, third, ...more] = path.split('/').filter(Boolean);
  if (first === 'nodes' && second && more.length === 0) {
    const id = decodeURIComponent(second);
    if (third === 'commissioning') return { name: 'commissioning', id };
    if (third === 'report') return { name: 'commissioning-report', id };
  }
  if (third !== undefined) return { name: 'unknown' };
  if (second === undefined) {
    switch (first) {
      case '':
        return { name: 'play' };
      case 'approvals':
      case 'areas':
      case 'nodes':
      case 'history':
      case 'settings':
      case 'policy':
      case 'inbox':
      case 'log':
      case 'report':
      case 'programme':
      case 'today':
      case 'setup':
      case 'people':
      case 'releases':
      case 'account':
      case 'invitation':
      case 'reset':
        return { name: first };
      default:
        return { name: 'unknown' };
    }
  }
  if (first === 'nodes' && second === 'new') return { name: 'add-node' };
  if (first === 'nodes') return { name: 'node', id: decodeURIComponent(second) };
  if (first === 'programme') return { name: 'entry', id: second === 'new' ? undefined : decodeURIComponent(second) };
  if (first === 'broadcasts') return { name: 'broadcast', id: decodeURIComponent(second) };
  return { name: 'unknown' };
}

let path = $state(typeof location === 'undefined' ? '/' : location.pathname);
const route = $derived(routeOf(path));

export const router = {
  get route() {
    return route;
  },
  get path() {
    return path;
  },
  go(to: string, replace = false): void {
    if (replace) history.replaceState(null, '', to);
    else history.pushState(null, '', to);
    path = location.pathname;
    scrollTo(0, 0);
  },
  start(): void {
    addEventListener('popstate', () => {
      path = location.pathname;
    });
    document.addEventListener('click', (event) => {
      if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
      const link = event.target instanceof Element ? event.target.closest('a') : null;
      if (!link || link.origin !== location.origin || link.hasAttribute('download') || link.target) return;
      if (link.pathname.startsWith('/api/')) return;
      event.preventDefault();
      const to = link.pathname + link.search;
      if (to !== location.pathname + location.search) router.go(to);
    });
  },
};
