import { expect, it } from 'vitest';
import { routeOf } from '../src/lib/state/router.svelte';

it.each([
  ['/', { name: 'play' }],
  ['/nodes', { name: 'nodes' }],
  ['/nodes/', { name: 'nodes' }],
  ['/nodes/new', { name: 'add-node' }],
  ['/nodes/n1', { name: 'node', id: 'n1' }],
  ['/broadcasts/r%201', { name: 'broadcast', id: 'r 1' }],
  ['/areas', { name: 'areas' }],
  ['/history', { name: 'history' }],
  ['/settings', { name: 'settings' }],
  ['/setup', { name: 'setup' }],
  ['/programme', { name: 'programme' }],
  ['/programme/new', { name: 'entry', id: undefined }],
  ['/programme/e1', { name: 'entry', id: 'e1' }],
  ['/today', { name: 'today' }],
  ['/policy', { name: 'policy' }],
  ['/inbox', { name: 'inbox' }],
  ['/report', { name: 'report' }],
  ['/releases', { name: 'releases' }],
  ['/broadcasts', { name: 'unknown' }],
  ['/nodes/n1/commissioning', { name: 'commissioning', id: 'n1' }],
  ['/nodes/n1/report', { name: 'commissioning-report', id: 'n1' }],
  ['/nodes/n1/report/x', { name: 'unknown' }],
  ['/log', { name: 'log' }],
  ['/nodes/n1/x', { name: 'unknown' }],
  ['/toString', { name: 'unknown' }],
])('the address %s is a screen', (path, route) => {
  expect(routeOf(path)).toEqual(route);
});
