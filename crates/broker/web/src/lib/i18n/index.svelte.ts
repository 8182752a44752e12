// The page's words in the chosen language. What the first screen says in Vietnamese is part of the first load; what others say of outcomes
// and problems follows at once, the words of screens that few open with them, and English when it is asked for.
import { fill, type Key, type Lang, type Params, type PluralKey } from './messages';
import first from './vi.json?first';

let lang = $state<Lang>('vi');
let catalogue = $state.raw<Record<string, string>>(first);
let whole: Record<string, string> = first;
const plurals: Record<Lang, Intl.PluralRules> = { vi: new Intl.PluralRules('vi'), en: new Intl.PluralRules('en') };

export const language = (): Lang => lang;

function add(words: Record<string, string>): void {
  whole = { ...whole, ...words };
  if (lang === 'vi') catalogue = whole;
}

let rest = false;
/** Makes the words of all screens but a few available in Vietnamese; screens that are loaded later wait for it. */
export async function loadRest(): Promise<void> {
  if (rest) return;
  add((await import('./vi.json?rest')).default);
  rest = true;
}

let late = false;
/** Makes all Vietnamese words available. */
export async function loadAll(): Promise<void> {
  await loadRest();
  if (late) return;
  add((await import('./vi.json?late')).default);
  late = true;
}

/** Changes the language once its catalogue is there; false when it could not be loaded (no network): the old one stays. */
export async function useLanguage(next: Lang): Promise<boolean> {
  try {
    if (next === 'en') catalogue = (await import('./en.json')).default;
    else {
      await loadAll();
      catalogue = whole;
    }
  } catch {
    return false;
  }
  lang = next;
  if (typeof document !== 'undefined') document.documentElement.lang = next;
  return true;
}

export const t = (key: Key, params?: Params): string => fill(catalogue[key] ?? '', params);

/** The form of a message that goes with `count`, which fills `{count}`. */
export function tn(key: PluralKey, count: number, params?: Params): string {
  const form = plurals[lang].select(count) === 'one' ? 'one' : 'other';
  return fill(catalogue[`${key}.${form}`] ?? '', { count, ...params });
}

/** A message whose key is put together from what the broker said; undefined when the catalogue has none. */
export function tryT(key: string, params?: Params): string | undefined {
  const message = catalogue[key];
  return message === undefined ? undefined : fill(message, params);
}

/** The names of the messages there are that begin so. */
export const messageNames = (beginning: string): string[] => Object.keys(catalogue).filter((key) => key.startsWith(beginning));
