// The catalogues' types and the one rule of filling them in. No state, no browser: usable by tests and tools.
import type vi from './vi.json';

export type Lang = 'vi' | 'en';
export type Key = keyof typeof vi;
export type Catalogue = Record<Key, string>;
export type Params = Record<string, string | number>;
/** Messages that come in forms: `NAME.one` and `NAME.other`. */
export type PluralKey = Key extends infer K ? (K extends `${infer Base}.other` ? Base : never) : never;

/** `{name}` is replaced by the parameter of that name; an unknown one stays visible rather than vanish. */
export function fill(message: string, params: Params = {}): string {
  return message.replace(/\{(\w+)\}/g, (whole, name: string) => (name in params ? String(params[name]) : whole));
}

export function placeholders(message: string): string[] {
  return [...new Set([...message.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? ''))].sort();
}
