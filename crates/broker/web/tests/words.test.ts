import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Problem, problemFromAnswer, problemFromThrown } from '../src/lib/api/problem';
import { loadRest, useLanguage } from '../src/lib/i18n/index.svelte';
import { airingWords, heardShare, summary } from '../src/lib/words/airing';
import { isReady, nodeWords } from '../src/lib/words/node';
import { problemWords } from '../src/lib/words/problem';
import { airing, broadcast, NOW, node } from './samples';

beforeAll(loadRest);
afterEach(() => useLanguage('vi'));

describe('a problem', () => {
  it('says what happened and what to do, with the figures in it', () => {
    const problem = problemFromAnswer(429, { code: 'too_many_tries', params: { retry_after_s: 8 } });
    expect(problemWords(problem)).toEqual({
      what: 'Đã thử sai quá nhiều lần.',
      todo: 'Chờ 8 giây rồi thử lại.',
      code: 'too_many_tries',
    });
  });

  it('names fields in the language of the page', async () => {
    const problem = problemFromAnswer(422, { code: 'invalid_field', params: { field: 'name' } });
    expect(problemWords(problem).what).toContain('(tên)');
    await useLanguage('en');
    expect(problemWords(problem).what).toContain('(name)');
  });

  it('says which rule of a policy stands in the way, where and when', () => {
    const params = {
      limit: 'session_minutes',
      start: '2026-11-24T22:00:00Z',
      area: '31699-01',
      area_name: 'Ấp Chợ',
      would: 40,
      may: 30,
    };
    const { what } = problemWords(problemFromAnswer(422, { code: 'policy_breached', params }));
    expect(what).toMatch(/^Ấp Chợ: một buổi phát chỉ được 30 phút, mà lúc 05:00( ngày 25\/11)? sẽ thành 40 phút\.$/);
    const unknown = problemWords(problemFromAnswer(422, { code: 'policy_breached', params: { ...params, limit: 'moonlight' } }));
    expect(unknown.what).toBe('Quy chế không cho phát như vậy ở Ấp Chợ.');
  });

  it('names all that a policy would loosen', () => {
    const problem = problemFromAnswer(422, { code: 'policy_loosens', params: { limits: ['hours', 'volume'] } });
    expect(problemWords(problem).what.replaceAll('\u00a0', ' ')).toContain('giờ phát và âm lượng');
  });

  it('says who stopped everything, and since when', () => {
    const params = { area: '31699', area_name: 'Đại Ân 2', since: new Date().toISOString(), by: 'Lan' };
    const { what } = problemWords(problemFromAnswer(409, { code: 'latched', params }));
    expect(what).toMatch(/^Không phát được: Đại Ân 2 đang dừng từ \d\d:\d\d, do Lan\.$/);
  });

  it('says why a sound cannot be used', () => {
    const words = problemWords(problemFromAnswer(422, { code: 'sound_unusable', params: { cause: 'silent' } }));
    expect(words.what).toBe('Không nghe thấy tiếng nào trong bản ghi.');
    expect(problemWords(problemFromAnswer(422, { code: 'sound_unusable', params: { cause: 'haunted' } })).what).toBe(
      'Không dùng được âm thanh này.',
    );
  });

  it('has sensible words for a code of a newer broker, and shows the code', () => {
    const words = problemWords(problemFromAnswer(409, { code: 'moon_phase' }));
    expect(words.what).toBe('Máy chủ không nhận yêu cầu này.');
    expect(words.code).toBe('moon_phase');
    expect(problemWords(problemFromAnswer(500, { code: 'moon_phase' })).what).toContain('lỗi');
  });

  it.each([
    [502, '<html>Bad gateway</html>', 'page_server_away'],
    [500, undefined, 'page_server_error'],
    [413, null, 'page_too_large'],
    [401, {}, 'sign_in_required'],
    [404, 'x', 'page_unexpected'],
  ])('is known by its status %i when a proxy answers in the broker’s place', (status, body, code) => {
    expect(problemFromAnswer(status, body).code).toBe(code);
  });

  it('tells a dead network from a slow one', () => {
    expect(problemFromThrown(new TypeError('Failed to fetch')).code).toBe('page_unreachable');
    expect(problemFromThrown(new DOMException('', 'TimeoutError')).code).toBe('page_timeout');
    expect(problemFromThrown(new Problem('x')).code).toBe('x');
  });

  it('is worth trying again only when it may pass by itself', () => {
    expect([0, 429, 500, 503].map((status) => new Problem('x', status).passing)).toEqual([true, true, true, true]);
    expect([401, 403, 422].map((status) => new Problem('x', status).passing)).toEqual([false, false, false]);
  });
});

describe('an airing in words', () => {
  const words = (change: Parameters<typeof airing>[0]) => airingWords(airing(change), broadcast([]), NOW);

  it('is calm on its way and green when heard', () => {
    expect(words({})).toMatchObject({ tone: 'calm', status: 'Đã gửi' });
    expect(words({ status: 'playing' })).toMatchObject({ tone: 'live', status: 'Đang phát', todo: undefined });
    expect(words({ status: 'played', ended_at: '2026-11-24T03:00:00Z' })).toMatchObject({
      tone: 'good',
      reason: 'Xong lúc 10:00.',
    });
  });

  it('says how much was heard, why not more, and what to do', () => {
    const partial = words({ status: 'partial', reason: 'output_lost', heard_ms: 12_000 });
    expect(partial.reason).toBe('Nghe được 0:12 trên 0:20 · Thiết bị âm thanh của cụm loa bị mất.');
    expect(partial.todo).toMatch(/kiểm tra/);
  });

  it('promises nothing of a node without connection', () => {
    expect(words({ node_online: false })).toMatchObject({
      tone: 'warn',
      status: 'Mất kết nối',
      reason: 'Sẽ tự phát nếu có mạng lại trước 10:09.',
    });
    const late = airingWords(airing({ node_online: false }), broadcast([]), NOW + 3_600_000);
    expect(late).toMatchObject({ tone: 'bad', status: 'Chưa có tin' });
  });

  it('does not blame anyone for what a person stopped', () => {
    expect(words({ status: 'partial', reason: 'stopped', heard_ms: 5_000 })).toMatchObject({
      tone: 'calm',
      status: 'Đã dừng',
      todo: undefined,
    });
  });

  it('has words for what a newer broker may say', () => {
    const future = words({ status: 'evaporated' as 'missed', reason: 'heat' });
    expect(future.status).toBe('Chưa rõ');
    expect(words({ status: 'missed', reason: 'heat' }).reason).toBe('Cụm loa báo một lý do mà trang này chưa biết.');
  });

  it('fills its bar by the broker’s clock and never beyond its ends', () => {
    const playing = airing({ status: 'playing', started_at: '2026-11-24T02:59:50Z' });
    expect(heardShare(playing, NOW)).toBe(0.5);
    expect(heardShare(playing, NOW + 60_000)).toBe(1);
    expect(heardShare(playing, NOW - 60_000)).toBe(0);
    expect(heardShare(airing(), NOW)).toBe(0);
  });
});

describe('a broadcast in one sentence', () => {
  const of = (...airings: Parameters<typeof airing>[0][]) =>
    summary(broadcast(airings.map((change, at) => airing({ airing: `a${at}`, ...change }))), NOW);

  it.each<[Parameters<typeof airing>[0][], string, string, boolean]>([
    [[{ status: 'playing' }, {}, { status: 'played' }], 'live', 'Đang phát ở 1/3 nơi', false],
    [[{}, { status: 'played' }], 'calm', 'Đang gửi: còn 1/2 nơi', false],
    [[{ status: 'played' }, { status: 'played' }], 'good', 'Đã phát xong ở 2/2 nơi', true],
    [[{ status: 'played' }, { status: 'missed' }], 'warn', 'Đã phát ở 1/2 nơi, 1 nơi không trọn', true],
    [[{ status: 'missed' }, { status: 'refused' }], 'bad', 'Không phát trọn ở nơi nào trong 2 nơi', true],
    [[{ status: 'partial', reason: 'stopped' }, { status: 'played' }], 'calm', 'Đã dừng; phát trọn ở 1/2 nơi', true],
    [[{ status: 'partial', reason: 'stopped' }, { status: 'missed' }], 'bad', 'Không phát trọn ở nơi nào trong 2 nơi', true],
    [[], 'bad', 'Không có cụm loa nào nhận', true],
  ])('%j', (airings, tone, words, over) => {
    expect(of(...airings)).toEqual({ tone, words, over });
  });

  it('is over when its time is, whatever silent nodes may still report', () => {
    const old = summary(broadcast([airing({ node_online: false })]), NOW + 3_600_000);
    expect(old).toMatchObject({ over: true, tone: 'bad' });
  });
});

describe('a node in words', () => {
  it('says the worst first', () => {
    expect(nodeWords(node(), NOW)).toMatchObject({ tone: 'good', status: 'Sẵn sàng' });
    expect(nodeWords(node({ output: 'lost' }), NOW)).toMatchObject({ tone: 'bad', status: 'Không ra tiếng' });
    expect(nodeWords(node({ status: 'lost' }), NOW)).toMatchObject({ tone: 'bad', detail: 'thấy lần cuối 30 giây trước' });
    expect(nodeWords(node({ status: 'retired' }), NOW)).toMatchObject({ tone: 'calm', status: 'Ngừng sử dụng' });
    expect(nodeWords(node({ status: 'new', last_seen: null }), NOW).todo).toMatch(/mã lắp đặt/);
  });

  it('says that a node without trust in its clock plays nothing by timetable', () => {
    const words = nodeWords(node({ clock: 'unknown' }), NOW);
    expect(words).toMatchObject({ tone: 'warn', detail: 'không phát theo lịch, vẫn phát ngay được' });
  });

  it('says that everything is stopped there, before anything about clock or plan', () => {
    expect(nodeWords(node({ latched: true, clock: 'unknown' }), NOW)).toMatchObject({ tone: 'bad', status: 'Đang dừng' });
  });

  it('tells of a plan that a node lacks once it has had time to take it', () => {
    const behind = (behind_since: string) => node({ generation: { wanted: 4, held: 3, behind_since } });
    expect(nodeWords(behind('2026-11-24T02:59:30Z'), NOW).status).toBe('Sẵn sàng');
    expect(nodeWords(behind('2026-11-24T02:58:00Z'), NOW)).toMatchObject({ tone: 'warn', detail: 'đã gửi từ 09:58' });
  });

  it('tells of sounds that are still on their way', () => {
    expect(nodeWords(node({ lacking: 2 }), NOW)).toMatchObject({ tone: 'good', detail: 'còn 2 tệp âm thanh đang tải về' });
  });
});

describe('a node that is counted as ready', () => {
  it.each([
    ['is not connected', { status: 'lost' }],
    ['has no output', { output: 'lost' }],
    ['does not trust its clock', { clock: 'unknown' }],
    ['is stopped', { latched: true }],
  ] as const)('is none that %s', (_, change) => {
    expect(isReady(node())).toBe(true);
    expect(isReady(node(change))).toBe(false);
  });
});
