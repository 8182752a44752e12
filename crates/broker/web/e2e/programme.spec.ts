// Chương trình: what an official puts into the programme on the phone airs by itself, and what policy forbids can't be saved.
import type { Page } from '@playwright/test';
import type { ProgrammeEntry } from '../src/lib/api/types';
import { addDays, localDay } from '../src/lib/state/timetable';
import type { Commune } from './support/commune';
import { choose, tab, uploadSound } from './support/phone';
import { beeps, heard, shareAt, wav } from './support/sound';
import { expect, test } from './support/test';

const POLICY = '/api/v1/areas/31699/policy';
const HERE = ['Ấp Chợ', 'Ấp Lâm Dồ'] as const;

/** Takes everything out of the programme. */
async function clear(commune: Commune): Promise<void> {
  for (const entry of (await commune.get<{ items: ProgrammeEntry[] }>('/programme')).items) {
    await commune.api.delete(`/api/v1/programme/${entry.id}`);
  }
}
test.afterEach(async ({ commune }) => {
  await commune.api.delete(POLICY);
  await clear(commune);
});

/** From a sound to the form that asks when. */
async function plan(page: Page, name: string, hz: number, seconds: number): Promise<void> {
  await uploadSound(page, `${name}.wav`, wav(beeps(hz, seconds)));
  await choose(page, ...HERE);
  await page.getByRole('button', { name: 'Đưa vào chương trình' }).tap();
  await expect(page.getByRole('heading', { level: 1, name: 'Thêm lịch phát' })).toBeVisible();
  await expect(page.getByRole('group', { name: 'Bản tin' })).toContainText(name);
  for (const hamlet of HERE) await expect(page.getByRole('checkbox', { name: hamlet, exact: true })).toBeChecked();
}
const save = (page: Page) => page.getByRole('button', { name: 'Lưu lịch phát' }).tap();
const preview = (page: Page) => page.getByRole('region', { name: 'Sẽ phát' });
/** 24/11, as the page writes a day. */
const short = (day: string) => `${Number(day.slice(8))}/${Number(day.slice(5, 7))}`;

test('a daily entry is in the week and in words, is changed, and is taken out again', async ({ signedIn: page, commune }) => {
  const today = localDay(Date.now());
  const tomorrow = addDays(today, 1);
  await plan(page, 'tin sáng', 660, 3);
  await page.getByRole('radio', { name: 'Hằng ngày' }).check();
  await page.getByLabel('Giờ phát 1').fill('06:10');
  await page.getByLabel('Từ ngày').fill(tomorrow);
  await expect(preview(page)).toContainText('10 lượt tới:');
  await expect(preview(page).getByRole('listitem').first()).toContainText(`${short(tomorrow)} lúc 06:10, 2 ấp, 3 giây`);
  await save(page);

  await expect(page).toHaveURL(/\/programme$/);
  const days = page.locator('[data-day]');
  await expect(days).toHaveCount(7);
  await expect(days.filter({ hasText: 'tin sáng' })).toHaveCount(6);
  await expect(days.first()).toContainText('hôm nay');
  await expect(days.nth(1)).toContainText('06:10');
  await expect(days.nth(1)).toContainText('Ấp Chợ và Ấp Lâm Dồ · 3 giây');

  await days.nth(1).getByRole('link').tap();
  await expect(page.getByText(`Hằng ngày lúc 06:10, từ ${short(tomorrow)}`)).toBeVisible();
  await page.getByRole('button', { name: 'Thêm giờ' }).tap();
  await page.getByRole('button', { name: 'Thêm ngày không phát' }).tap();
  await page.getByLabel('Ngày không phát 1').fill(tomorrow);
  await expect(preview(page).getByRole('listitem').first()).toContainText(short(addDays(tomorrow, 1)));
  await save(page);
  await expect(days.filter({ hasText: 'tin sáng' })).toHaveCount(5);
  await expect(days.nth(2)).toContainText('17:00');
  const { items } = await commune.get<{ items: ProgrammeEntry[] }>('/programme');
  expect(items).toHaveLength(1);
  expect(items[0]?.timetable).toMatchObject({ every: 'day', times: ['06:10', '17:00'], except: [tomorrow] });

  await days.nth(2).getByRole('link').first().tap();
  await page.getByRole('button', { name: 'Xoá khỏi chương trình' }).tap();
  await page.getByRole('dialog').getByRole('button', { name: 'Không, giữ lại' }).tap();
  await page.getByRole('button', { name: 'Xoá khỏi chương trình' }).tap();
  await page.getByRole('dialog').getByRole('button', { name: 'Xoá lịch phát' }).tap();
  await expect(page.getByText('Tuần này chưa có lượt phát nào ở Đại Ân 2.')).toBeVisible();
  expect((await commune.get<{ items: ProgrammeEntry[] }>('/programme')).items).toEqual([]);
});

test('what policy forbids names its day and its limit and is not saved until the time is changed', async ({
  signedIn: page,
  commune,
}) => {
  const hours = Array.from({ length: 7 }, () => [{ from: '05:00', to: '21:00' }]);
  expect((await commune.api.put(POLICY, { data: { hours, ceilings: [], exceedable: [], exceeders: [] } })).ok()).toBe(true);
  const tomorrow = addDays(localDay(Date.now()), 1);
  await plan(page, 'tin khuya', 660, 2);
  await page.getByRole('radio', { name: 'Một lần' }).check();
  await page.getByLabel('Ngày phát').fill(tomorrow);
  await page.getByLabel('Giờ phát 1').fill('22:30');
  await expect(preview(page)).toContainText('Quy chế không cho phép');
  await expect(preview(page)).toContainText(`${short(tomorrow)} lúc 22:30, Ấp Chợ: ngoài giờ được phát`);
  await save(page);
  await expect(page.getByRole('button', { name: 'Lưu lịch phát' })).toHaveAttribute('aria-disabled', 'false');
  await expect(page).toHaveURL(/\/programme\/new/);
  expect((await commune.get<{ items: ProgrammeEntry[] }>('/programme')).items).toEqual([]);

  await page.getByLabel('Giờ phát 1').fill('20:30');
  await expect(preview(page)).not.toContainText('Quy chế không cho phép');
  await save(page);
  await expect(page).toHaveURL(/\/programme$/);
  await expect(page.locator('[data-day]').nth(1)).toContainText('20:30');
});

test('a whole commune at night is asked about once before it is saved', async ({ signedIn: page, commune }) => {
  const tomorrow = addDays(localDay(Date.now()), 1);
  await plan(page, 'tin đêm', 660, 2);
  await page.getByRole('checkbox', { name: /Tất cả: 5 ấp/ }).check();
  await page.getByLabel('Từ ngày').fill(tomorrow);
  await page.getByLabel('Giờ phát 1').fill('23:30');
  await expect(preview(page)).toContainText('ban đêm');
  await expect(preview(page)).toContainText('Phát toàn xã: Đại Ân 2.');
  await save(page);
  const question = page.getByRole('dialog', { name: 'Lưu lịch phát này?' });
  await expect(question).toContainText('ban đêm');
  await question.getByRole('button', { name: 'Không, xem lại' }).tap();
  expect((await commune.get<{ items: ProgrammeEntry[] }>('/programme')).items).toEqual([]);
  await save(page);
  await question.getByRole('button', { name: 'Đúng, lưu' }).tap();
  await expect(page).toHaveURL(/\/programme$/);
  await expect(page.locator('[data-day]').nth(1)).toContainText('cả xã');
});

test('an entry a minute ahead sounds at its time by the nodes themselves, and the day shows it as played', async ({
  signedIn: page,
  commune,
}) => {
  test.setTimeout(200_000);
  const before = new Map(commune.hamlets.map((hamlet) => [hamlet.name, hamlet.tape.length()]));
  // The next whole minute that leaves half a minute for filling in the form.
  const start = Math.ceil((Date.now() + 45_000) / 60_000) * 60_000;
  const time = new Date(start + 7 * 3_600_000).toISOString().slice(11, 16);
  await plan(page, 'đúng giờ', 880, 3);
  await page.getByRole('radio', { name: 'Một lần' }).check();
  await page.getByLabel('Ngày phát').fill(localDay(start));
  await page.getByLabel('Giờ phát 1').fill(time);
  await expect(preview(page)).toContainText(`lúc ${time}, 2 ấp`);
  await save(page);
  const question = page.getByRole('dialog', { name: 'Lưu lịch phát này?' });
  await expect(question.or(page.getByRole('heading', { level: 1, name: 'Chương trình tuần' }))).toBeVisible();
  if (await question.isVisible()) await question.getByRole('button', { name: 'Đúng, lưu' }).tap();
  await expect(page).toHaveURL(/\/programme$/);

  await page.getByRole('link', { name: 'Hôm nay' }).tap();
  const run = page.locator('details[data-state]').filter({ hasText: 'đúng giờ' });
  await expect(run).toContainText('2 nơi chưa tới giờ');
  await expect(run).toContainText('Đã phát ở 2 nơi', { timeout: start - Date.now() + 30_000 });
  await run.locator('summary').tap();
  for (const name of HERE) await expect(run.getByRole('listitem').filter({ hasText: name })).toContainText('Đã phát xong');

  for (const hamlet of commune.hamlets) {
    const samples = hamlet.tape.since(before.get(hamlet.name) ?? 0);
    if (HERE.some((name) => name === hamlet.name)) {
      expect(heard(samples).seconds, hamlet.name).toBeCloseTo(2.9, 0);
      expect(shareAt(880, samples), hamlet.name).toBeGreaterThan(0.9);
    } else {
      expect(heard(samples).seconds, hamlet.name).toBe(0);
    }
  }
  await tab(page, 'Chương trình');
  await expect(page.locator('[data-day]').first()).toContainText('đã phát đủ 2 nơi');
});

test('priority bulletins of the same time change places by a tap', async ({ signedIn: page, commune }) => {
  for (const name of ['tin một', 'tin hai']) {
    await uploadSound(page, `${name}.wav`, wav(beeps(660, 2)));
    await page.getByRole('radio', { name: 'Ưu tiên' }).tap();
    if (name === 'tin một') await choose(page, ...HERE);
    await page.getByRole('button', { name: 'Đưa vào chương trình' }).tap();
    await page.getByRole('checkbox', { name: 'Ấp Chợ', exact: true }).check();
    await page.getByLabel('Từ ngày').fill(addDays(localDay(Date.now()), 1));
    await page.getByLabel('Giờ phát 1').fill('11:00');
    if (name === 'tin hai') await expect(preview(page)).toContainText('trùng giờ với “tin một” (ưu tiên)');
    await save(page);
    const question = page.getByRole('dialog', { name: 'Lưu lịch phát này?' });
    if (name === 'tin hai') await question.getByRole('button', { name: 'Đúng, lưu' }).tap();
    await expect(page).toHaveURL(/\/programme$/);
    await tab(page, 'Phát');
  }
  await page.goto('/today');
  const order = page.getByRole('region', { name: 'Thứ tự bản tin ưu tiên' });
  await expect(order.getByRole('listitem').first()).toContainText('1. tin một');
  await order.getByRole('button', { name: 'Đưa “tin hai” lên trên' }).tap();
  await expect(order.getByRole('listitem').first()).toContainText('1. tin hai');
  const { items } = await commune.get<{ items: ProgrammeEntry[] }>('/programme');
  expect(items.map((entry) => entry.bulletin.title)).toEqual(['tin hai', 'tin một']);
});
