import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { LETTERS } from '../scripts/letters.mjs';
import en from '../src/lib/i18n/en.json';
import { loadRest, tn, tryT, useLanguage } from '../src/lib/i18n/index.svelte';
import { fill, placeholders } from '../src/lib/i18n/messages';
import vi from '../src/lib/i18n/vi.json';
import first from '../src/lib/i18n/vi.json?first';
import late from '../src/lib/i18n/vi.json?late';
import rest from '../src/lib/i18n/vi.json?rest';

const root = new URL('../src/', import.meta.url);
const sources = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((name) => /\.(svelte|ts)$/.test(name) && !name.endsWith('.d.ts'))
  .map((name) => ({ name, text: readFileSync(new URL(name, root), 'utf8') }));
const openapi = JSON.parse(readFileSync(new URL('../../../../docs/openapi.json', import.meta.url), 'utf8'));
const vietnamese: Record<string, string> = vi;
const english: Record<string, string> = en;

/** Names in code say messages as 'a.b', and those put together at run time as `a.${b}`. */
function mentioned(text: string): { exact: Set<string>; patterns: RegExp[] } {
  const exact = new Set([...text.matchAll(/['"`]([a-z][\w]*(?:\.[\w]+)+)['"`]/g)].map((match) => match[1] ?? ''));
  const patterns = [...text.matchAll(/`([a-z]\w*(?:\.\w+)*\.\$\{[^`]*)`/g)].map((match) => {
    const shape = (match[1] ?? '')
      .replace(/\$\{[^}]*\}/g, '\0')
      .replace(/[.]/g, '\\.')
      .replaceAll('\0', '[\\w.-]+');
    return new RegExp(`^${shape}$`);
  });
  return { exact, patterns };
}

describe('the catalogues', () => {
  it('have the same messages', () => {
    expect(Object.keys(english)).toEqual(Object.keys(vietnamese));
  });

  it('need no letter that the font lacks', () => {
    const drawn = new Set(Object.values(LETTERS).join(''));
    const signs = '▸▾→'; // by the phone's own font
    const words = [...Object.values(vietnamese), ...Object.values(english)].join('');
    expect([...new Set(words)].filter((letter) => !drawn.has(letter) && !signs.includes(letter))).toEqual([]);
  });

  it('have the same placeholders in each message', () => {
    const of = (catalogue: Record<string, string>) =>
      Object.fromEntries(Object.entries(catalogue).map(([key, words]) => [key, placeholders(words)]));
    expect(of(english)).toEqual(of(vietnamese));
  });

  it('have nothing empty but advice that is not needed', () => {
    const empty = Object.entries({ ...vietnamese, ...english }).filter(([, words]) => words.trim() === '');
    expect(empty.map(([key]) => key)).toEqual(['reason.stopped.todo']);
  });

  it('write Vietnamese in composed letters, as keyboards and fonts do', () => {
    expect(Object.values(vietnamese).filter((words) => words !== words.normalize('NFC'))).toEqual([]);
  });

  it('have every form of a plural', () => {
    const others = Object.keys(vietnamese).filter((key) => key.endsWith('.other') && `${key.slice(0, -6)}.one` in vietnamese);
    expect(others.length).toBeGreaterThan(10);
    for (const key of Object.keys(vietnamese).filter((name) => name.endsWith('.one')))
      expect(vietnamese).toHaveProperty([`${key.slice(0, -4)}.other`]);
  });

  it('have no message that nothing says', () => {
    const all = mentioned(sources.map((source) => source.text).join('\n'));
    const codes: string[] = ['action', 'problem', 'cause', 'reason', 'field', 'class', 'clock', 'output', 'warning', 'airing'];
    const unused = Object.keys(vietnamese).filter((key) => {
      const base = key.replace(/\.(one|other)$/, '');
      return (
        !all.exact.has(key) &&
        !all.exact.has(base) &&
        !all.patterns.some((pattern) => pattern.test(key)) &&
        !codes.includes(key.split('.')[0] ?? '')
      );
    });
    expect(unused).toEqual([]);
  });
});

describe('what the broker may say', () => {
  const snake = (name: string) => name.replace(/(?<=[a-z])(?=[A-Z])/g, '_').toLowerCase();
  it.each((openapi.components.schemas.Code.enum as string[]).map(snake))('the problem %s has words and advice', (code) => {
    expect(vietnamese).toHaveProperty([`problem.${code}.what`]);
    expect(vietnamese).toHaveProperty([`problem.${code}.todo`]);
  });

  it.each(openapi.components.schemas.AiringStatus.enum as string[])('the airing status %s has words', (status) => {
    expect(vietnamese).toHaveProperty([`airing.${status}`]);
  });

  /** Names of actions as the broker records them: of requests by its table, of what happens by itself or by a command where it happens. */
  const recorded = () => {
    const broker = new URL('../../src/', import.meta.url);
    const rust = readdirSync(broker, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.rs'))
      .map((name) => readFileSync(new URL(name, broker), 'utf8'));
    const table = readFileSync(new URL('audit/actions.rs', broker), 'utf8');
    const rows = table.matchAll(/\bon\(\s*"\w+",\s*"[^"]+",\s*"([^"]*)"/g);
    const happened = rust.flatMap((text) => [...text.matchAll(/audit::happened\([^;]*?"([a-z_]+\.[a-z_]+)"/g)]);
    const commands = rust.flatMap((text) => [
      ...text.matchAll(/\(data, "(keys\.[a-z_]+)"/g),
      ...text.matchAll(/by_command\([^;]*?"([a-z_]+\.[a-z_]+)"/g),
    ]);
    return [...rows, ...happened, ...commands].map((match) => match[1] ?? '').filter(Boolean);
  };
  it('every action of the audit log has words, and nothing else has', () => {
    const named = Object.keys(vietnamese).filter((key) => key.startsWith('action.'));
    expect(named.map((key) => key.slice('action.'.length)).sort()).toEqual([...new Set(recorded())].sort());
    expect(named.length).toBeGreaterThan(40);
  });

  const enumOf = (path: string, name: string) => {
    const text = readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');
    const body = text.slice(text.indexOf(`pub enum ${name} {`)).split('\n}')[0] ?? '';
    return [...body.matchAll(/^ {4}([A-Z]\w+)/gm)].map((match) => snake(match[1] ?? ''));
  };
  it.each(enumOf('protocol/src/receipt.rs', 'Reason'))('the reason %s has words', (reason) => {
    expect(vietnamese).toHaveProperty([`reason.${reason}.what`]);
    expect(vietnamese).toHaveProperty([`reason.${reason}.todo`]);
  });

  it.each(enumOf('audio/src/decode/error.rs', 'Warning'))('the warning %s has words', (warning) => {
    expect(vietnamese).toHaveProperty([`warning.${warning}`]);
  });

  it.each([...enumOf('audio/src/decode/error.rs', 'DecodeError'), 'silent', 'encode_failed'])(
    'the unusable sound %s has words',
    (cause) => {
      expect(vietnamese).toHaveProperty([`cause.${cause}.what`]);
    },
  );
});

describe('the part that is loaded first', () => {
  it('is one of three parts that together are the whole', () => {
    expect({ ...first, ...rest, ...late }).toEqual(vi);
    const keys = [first, rest, late].flatMap((part) => Object.keys(part));
    expect(new Set(keys).size).toBe(keys.length);
  });

  /** The messages that some files and all they import at once say. */
  const saidBy = (...names: string[]): string[] => {
    const seen = new Set<string>();
    const visit = (name: string) => {
      if (seen.has(name)) return;
      seen.add(name);
      const source = sources.find((one) => one.name === name);
      for (const match of source?.text.matchAll(/^\s*import (?!type )[^;]*?from '(\.[^']+)'/gm) ?? []) {
        const path = new URL(match[1] ?? '', new URL(name, root)).pathname.slice(root.pathname.length);
        for (const end of ['', '.ts']) if (sources.some((one) => one.name === path + end)) visit(path + end);
      }
    };
    names.forEach(visit);
    const said = [...seen].flatMap((name) => [...mentioned(sources.find((one) => one.name === name)?.text ?? '').exact]);
    return said.flatMap((key) => [key, `${key}.one`, `${key}.other`]).filter((key) => key in vi);
  };

  it('holds all that the first screens say', () => {
    const keys = saidBy('App.svelte', 'screens/SignIn.svelte');
    expect(keys.length).toBeGreaterThan(100);
    // The last resort of unknown airings and warnings; what makes them is loaded later itself.
    const later = /^(airing|reason|summary|node|warning|settings\.theme|theme)\b/;
    expect(keys.filter((key) => !(key in first) && !later.test(key))).toEqual([]);
  });

  it('is followed at once by all that screens say whose words do not come with them', () => {
    const own = [
      'Account',
      'AddNode',
      'Approvals',
      'Areas',
      'Commissioning',
      'CommissioningReport',
      'Entry',
      'Inbox',
      'Invitation',
      'Log',
      'Node',
      'People',
      'PlayThere',
      'Policy',
      'Programme',
      'Releases',
      'Report',
      'Reset',
      'Setup',
      'Today',
    ];
    const others = sources.filter(
      ({ name }) => /^screens\//.test(name) && !own.some((screen) => name === `screens/${screen}.svelte`),
    );
    const keys = saidBy(...others.map(({ name }) => name), 'components/SourceFile.svelte', 'components/SourceRecord.svelte');
    expect(keys.filter((key) => key in late)).toEqual([]);
  });
});

describe('filling in', () => {
  it('replaces what is named and leaves what is not', () => {
    expect(fill('{a} và {b} và {a}', { a: 1 })).toBe('1 và {b} và 1');
  });

  it('never takes a value for a pattern', () => {
    expect(fill('Ấp {name}', { name: '$& {name}' })).toBe('Ấp $& {name}');
  });

  it('chooses the form by the rules of the language', async () => {
    await loadRest();
    expect(tn('nodes.ready', 1, { ready: 1 })).toBe('1/1 cụm loa sẵn sàng');
    await useLanguage('en');
    expect(tn('nodes.ready', 1, { ready: 0 })).toBe('0 of 1 node ready');
    expect(tn('nodes.ready', 5, { ready: 4 })).toBe('4 of 5 nodes ready');
    expect(tryT('reason.future_reason.what')).toBeUndefined();
    await useLanguage('vi');
  });
});
