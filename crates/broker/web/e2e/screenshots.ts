// The README's pictures, of the real page with real programs behind it.
import { fileURLToPath } from 'node:url';
import type { Page } from '@playwright/test';
import { choose, playNow, row, tab } from './support/phone';
import { beeps, wav } from './support/sound';
import { System } from './support/system';
import { expect, test } from './support/test';

const PICTURES = fileURLToPath(new URL('../../../../docs/images/', import.meta.url));
const take = async (page: Page, name: string) => {
  await page.evaluate(() => document.fonts.ready);
  await page.screenshot({ path: `${PICTURES}${name}.png`, animations: 'disabled', caret: 'hide' });
};

test('a bulletin is made, plays, and the nodes are looked at', async ({ signedIn: page, commune }) => {
  await page
    .getByLabel('Nội dung cần phát')
    .fill('Kính mời bà con đến nhà văn hoá ấp tối nay để nghe phổ biến lịch tiêm phòng cho đàn gia súc.');
  await page.getByRole('button', { name: 'Nghe thử' }).tap();
  await expect(page.getByRole('slider', { name: 'Vị trí nghe' })).toBeVisible();
  await page.getByRole('button', { name: 'Tạm dừng nghe' }).tap();
  await choose(page, 'Ấp Chợ', 'Ấp Ngan Rô 1', 'Ấp Lâm Dồ');
  // From the sentence to the ticks in one picture: a little more than a phone shows at once.
  await page.setViewportSize({ width: 360, height: 1110 });
  await page.evaluate(() => scrollTo(0, 0));
  await take(page, 'compose');
  await page.setViewportSize({ width: 360, height: 740 });

  const late = commune.hamlet('Ấp Lâm Dồ');
  late.freeze();
  await playNow(page);
  for (const name of ['Ấp Chợ', 'Ấp Ngan Rô 1'] as const) await expect(row(page, name)).toContainText('0:03');
  await take(page, 'progress');
  late.thaw();
  for (const name of ['Ấp Chợ', 'Ấp Ngan Rô 1', 'Ấp Lâm Dồ'] as const) {
    await expect(row(page, name)).toContainText('Đã phát xong', { timeout: 30_000 });
  }

  const lost = commune.hamlet('Ấp Tầm Vu');
  await lost.kill();
  await tab(page, 'Cụm loa');
  await expect(page.getByText('4/5 cụm loa sẵn sàng')).toBeVisible();
  await take(page, 'nodes');
  lost.start();
});

test('the programme of a week', async ({ signedIn: page, commune }) => {
  const entry = async (title: string, kind: string, times: string[], areas: string[], days: number[]) => {
    const bulletin = await commune.post<{ id: string }>('/bulletins', {
      title,
      class: kind,
      language: 'vi',
      text: title,
    });
    const timetable = { every: 'week', days, times, from: '2026-11-01' };
    await commune.post('/programme', { bulletin: bulletin.id, areas, timetable });
  };
  await entry('Bản tin sáng của xã', 'normal', ['05:00'], ['31699'], [1, 2, 3, 4, 5, 6, 7]);
  await entry('Nhắc lịch tiêm chủng', 'priority', ['17:15'], ['31699-01', '31699-03'], [1, 2, 3, 4, 5, 6, 7]);
  await page.goto('/programme');
  await expect(page.getByText('Bản tin sáng của xã').first()).toBeVisible();
  await take(page, 'programme');
});

test('what came from above, a policy, and a month', async ({ signedIn: page, commune }) => {
  const { token } = await commune.post<{ token: string }>('/sources', { name: 'Đài tỉnh Sóc Trăng', area: '94' });
  const system = await System.with(commune.broker.url, token);
  const sound = wav(beeps(660, 3));
  const { id } = await system.send(
    { reference: '1', class: 'normal', title: 'Tiêm phòng dại năm 2026', areas: ['31699'] },
    sound,
  );
  await system.send({ reference: '2', class: 'normal', title: 'Lịch cắt điện tuần này', areas: ['31699'] }, sound);
  await commune.post(`/inbox/${id}/play`);
  await page.goto('/inbox');
  await expect(page.getByRole('listitem')).toHaveCount(2);
  await take(page, 'inbox');

  const hours = [
    { from: '05:00', to: '06:30' },
    { from: '17:00', to: '18:30' },
  ];
  const policy = { hours: Array.from({ length: 7 }, () => hours), session_minutes: 30, sessions_per_day: 2 };
  const saved = await commune.api.put('/api/v1/areas/31699/policy', { data: policy });
  expect(saved.ok()).toBe(true);
  await page.goto('/policy');
  await expect(page.getByRole('button', { name: 'Sửa quy chế' })).toBeVisible();
  await take(page, 'policy');

  await commune.ready();
  await page.goto('/report');
  await expect(page.getByRole('table')).toBeVisible();
  await take(page, 'report');
  await system.close();
});
