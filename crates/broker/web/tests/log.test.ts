import { beforeAll, describe, expect, it } from 'vitest';
import type { LogItem } from '../src/lib/api/types';
import { loadAll } from '../src/lib/i18n/index.svelte';
import { actions, recordWords } from '../src/lib/words/log';

beforeAll(loadAll);

const item = (change: Partial<Omit<LogItem, 'details'>> & { details?: object }) =>
  ({
    seq: 7,
    at: '2026-11-25T01:00:00Z',
    actor: 'p1',
    name: 'Nguyễn Thị Mai',
    address: '127.0.0.1',
    action: 'broadcast.now',
    object: '/broadcasts',
    details: {},
    previous: '',
    hash: '',
    about: [],
    emergency: false,
    ...change,
  }) as LogItem;

describe('a record of the audit log', () => {
  it('says what was done, about what, by whom', () => {
    const words = recordWords(item({ about: ['Lũ về', 'Ấp Chợ'] }));
    expect(words).toEqual({
      tone: 'good',
      what: 'Phát ngay',
      refused: undefined,
      about: 'Lũ về · Ấp Chợ',
      who: 'Nguyễn Thị Mai',
    });
  });

  it('stands out when it is an emergency or a stop, and otherwise when it was refused', () => {
    expect(recordWords(item({ emergency: true })).tone).toBe('warn');
    expect(recordWords(item({ action: 'stop' })).tone).toBe('warn');
    expect(recordWords(item({ emergency: true, action: 'broadcast.now.refused' })).tone).toBe('bad');
  });

  it('says why it was refused, whether the answer stands in it or in a record of its own', () => {
    const refused = item({ action: 'broadcast.now.refused', details: { code: 'confirmation_needed' } });
    expect(recordWords(refused)).toMatchObject({ what: 'Phát ngay', refused: 'Phát khẩn cấp phải được xác nhận.' });
    expect(recordWords(item({ action: 'session.begin', details: { status: 401 } })).refused).toBe('Bị từ chối.');
  });

  it('names itself when nobody did it, and an action that is not known yet', () => {
    expect(recordWords(item({ action: 'node.enrolled', name: '' })).who).toBe('cụm loa');
    expect(recordWords(item({ action: 'node.sung' })).what).toBe('node.sung');
  });

  it('can be looked for by every action, in the order of their words', () => {
    const words = actions().map((action) => action.words);
    expect(words).toContain('Dừng tất cả');
    expect(words).toEqual([...words].sort((a, b) => a.localeCompare(b)));
  });
});
