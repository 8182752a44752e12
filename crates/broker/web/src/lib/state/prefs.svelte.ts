// Language and theme, kept on the phone.
import { useLanguage } from '../i18n/index.svelte';
import type { Lang } from '../i18n/messages';
import { load, save } from './storage';

export type Theme = 'system' | 'light' | 'dark';

const dark = typeof matchMedia === 'undefined' ? undefined : matchMedia('(prefers-color-scheme: dark)');
let theme = $state<Theme>('system');

function paint(): void {
  const effective = theme === 'system' ? (dark?.matches ? 'dark' : 'light') : theme;
  document.documentElement.dataset['theme'] = effective;
  const bar = getComputedStyle(document.documentElement).getPropertyValue('--bar').trim();
  document.querySelector('meta[name="theme-color"]')?.setAttribute('content', bar);
}

export const prefs = {
  get theme() {
    return theme;
  },
  set theme(next: Theme) {
    theme = next;
    save('theme', next);
    paint();
  },
  async setLanguage(next: Lang): Promise<boolean> {
    const there = await useLanguage(next);
    if (there) save('language', next);
    return there;
  },
  /** Before the first paint: what was chosen last time; Vietnamese unless English was chosen. */
  async restore(): Promise<void> {
    const known = load('theme');
    theme = known === 'light' || known === 'dark' ? known : 'system';
    dark?.addEventListener('change', paint);
    paint();
    if (load('language') === 'en') await useLanguage('en');
  },
};
