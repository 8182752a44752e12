import { beforeAll, describe, expect, it } from 'vitest';
import { loadAll } from '../src/lib/i18n/index.svelte';
import { session } from '../src/lib/state/session.svelte';
import { browserWords, grantWords, ROLES } from '../src/lib/words/people';

beforeAll(loadAll);

describe('what somebody is', () => {
  it('is said with the place', () => {
    expect(grantWords({ role: 'editor', area: { code: '31699', name: 'Đại Ân 2' } })).toBe('Biên tập · Đại Ân 2');
    expect(grantWords({ role: 'admin', area: null })).toBe('Quản trị · Toàn hệ thống');
  });

  it('has words for every role', () => {
    for (const role of ROLES) expect(grantWords({ role, area: null })).toMatch(/^\p{Lu}.* · Toàn hệ thống$/u);
  });
});

describe('what a browser is called', () => {
  it.each([
    [
      'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Mobile Safari/537.36',
      'Chrome · Android',
    ],
    [
      'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Mobile/15E148 Safari/604.1',
      'Safari · iOS',
    ],
    [
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/141.0.0.0 Safari/537.36 Edg/141.0.0.0',
      'Edge · Windows',
    ],
    ['Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0', 'Firefox · Linux'],
    ['curl/8.9.1', 'curl/8.9.1'],
    ['', 'Trình duyệt không rõ'],
  ])('%s', (agent, words) => {
    expect(browserWords(agent)).toBe(words);
  });
});

describe('what the page offers', () => {
  it('is what the broker said that the person may', () => {
    expect(session.may('read')).toBe(false);
    const user = { id: 'p', username: 'lan', display_name: 'Lan', grants: [], two_step: false, may: ['read' as const] };
    session.begin({ user });
    expect([session.may('read'), session.may('stop')]).toEqual([true, false]);
  });
});
