import { describe, expect, it } from 'vitest';
import { emptyDraft, newKey, nextDraft, readDraft, speechOf, titleOf } from '../src/lib/state/draft';
import { clip } from './samples';

const full = {
  ...emptyDraft(),
  source: 'file' as const,
  title: 'Họp',
  text: 'Mời họp',
  voice: 'vi',
  rate: 'slow' as const,
  class: 'emergency' as const,
  hamlets: ['31699-01'],
  file: { clip: clip(), name: 'họp.mp3', at: '2026-11-24T03:00:00Z' },
  intent: { key: 'k', of: 'f', bulletin: 'b1' },
};

describe('a draft', () => {
  it('survives being written and read', () => {
    expect(readDraft(JSON.parse(JSON.stringify(full)))).toEqual(full);
  });

  it.each([
    undefined,
    null,
    7,
    'x',
    [],
    { source: 'telepathy', class: 'loud', hamlets: 'all', rate: 9, file: { clip: 3 }, intent: 'k' },
  ])('is empty rather than wrong when the phone kept rubbish: %j', (kept) => {
    expect(readDraft(kept)).toEqual({ ...emptyDraft(), recording: undefined, file: undefined, intent: undefined });
  });

  it('is followed by one for the same hamlets, in the same voice, and never again an emergency', () => {
    const next = nextDraft(full);
    expect(next).toMatchObject({
      hamlets: ['31699-01'],
      voice: 'vi',
      rate: 'slow',
      source: 'file',
      class: 'normal',
      text: '',
      title: '',
    });
    expect(next.intent).toBeUndefined();
    expect(next.file).toBeUndefined();
  });

  it('is called by its first words when it has no title', () => {
    expect(titleOf({ ...full, title: '  ' }, 'x')).toBe('họp');
    const text = 'Kính mời bà con đến nhà văn hoá ấp họp lúc mười chín giờ tối nay để bàn việc nạo vét kênh';
    const title = titleOf({ ...emptyDraft(), text }, 'x');
    expect(title).toMatch(/…$/);
    expect(title.length).toBeLessThanOrEqual(61);
    expect(text.startsWith(title.slice(0, -1))).toBe(true);
    expect(titleOf(emptyDraft(), 'Bản tin')).toBe('Bản tin');
  });

  it('voids its preview when text, voice or speed change, and not for blanks around it', () => {
    expect(speechOf({ ...full, text: ' Mời họp \n' })).toBe(speechOf(full));
    for (const change of [{ text: 'Mời họp!' }, { voice: 'en' }, { rate: 'fast' as const }]) {
      expect(speechOf({ ...full, ...change })).not.toBe(speechOf(full));
    }
  });

  it('gets keys that do not repeat', () => {
    const keys = new Set(Array.from({ length: 200 }, newKey));
    expect(keys.size).toBe(200);
    for (const key of keys) expect(key).toMatch(/^[0-9a-f]{32}$/);
  });
});
