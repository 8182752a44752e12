// Báo cáo: what sounded this month is on the phone and in files that a spreadsheet opens; the programme is a calendar that others subscribe to.
import { readFileSync } from 'node:fs';
import type { Page } from '@playwright/test';
import type { MonthReport } from '../src/lib/api/types';
import { localDay } from '../src/lib/state/timetable';
import { choose, playNow, row, uploadSound } from './support/phone';
import { beeps, wav } from './support/sound';
import { expect, test } from './support/test';

async function download(page: Page, name: string): Promise<Buffer> {
  const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name }).tap()]);
  return readFileSync(await file.path());
}

test('a month is read by hamlet and class, and taken along as CSV and XLSX', async ({ signedIn: page, commune }) => {
  await uploadSound(page, 'sáu giây.wav', wav(beeps(660, 6)));
  await choose(page, 'Ấp Chợ');
  await playNow(page);
  await expect(row(page, 'Ấp Chợ')).toContainText('Đã phát xong', { timeout: 20_000 });

  await page.goto('/report');
  const table = page.getByRole('table');
  await expect(table).toContainText('Ấp Chợ');
  const { rows } = await commune.get<MonthReport>(`/reports/month?area=31699&month=${localDay(Date.now()).slice(0, 7)}`);
  const own = rows.find((one) => one.hamlet.name === 'Ấp Chợ' && one.class === 'normal');
  expect(own?.minutes).toBeGreaterThanOrEqual(0.1);
  const cells = table
    .getByRole('row', { name: /^Thông thường/ })
    .first()
    .getByRole('cell');
  const figures = [own?.airings, own?.minutes, own?.played].map((figure) => String(figure).replace('.', ','));
  await expect(cells).toHaveText(figures);
  await expect(table.getByRole('row', { name: /^Tổng cộng/ })).toBeVisible();

  const csv = (await download(page, 'Tải tệp CSV')).toString('utf8');
  expect(csv.startsWith('\ufeff')).toBe(true);
  expect(csv).toContain('Ấp Chợ');
  expect(csv).toContain('Tổng cộng');
  const xlsx = await download(page, 'Tải bảng tính (XLSX)');
  expect(xlsx.subarray(0, 2).toString()).toBe('PK');
});

test('a month without anything says so', async ({ signedIn: page }) => {
  await page.goto('/report');
  await page.getByLabel('Tháng').selectOption({ index: 23 });
  await expect(page.getByText(/^Đại Ân 2 chưa có lượt phát nào trong tháng \d+ năm \d+\.$/)).toBeVisible();
});

test('the programme is had as a calendar at an address that is shown once, until it is revoked', async ({
  signedIn: page,
  commune,
  stranger,
}) => {
  await page.goto('/report');
  await page.getByRole('button', { name: 'Tạo địa chỉ lịch' }).tap();
  await expect(page.getByText('Địa chỉ lịch của Đại Ân 2. Chỉ hiện một lần')).toBeVisible();
  const address = await page.locator('code').innerText();
  const calendar = await stranger.request.get(address);
  expect(calendar.headers()['content-type']).toContain('text/calendar');
  expect(await calendar.text()).toMatch(/^BEGIN:VCALENDAR\r\n[\s\S]*Đại Ân 2/);

  await page.getByRole('button', { name: 'Huỷ địa chỉ lịch của Đại Ân 2' }).tap();
  await page.getByRole('dialog').getByRole('button', { name: 'Huỷ địa chỉ' }).tap();
  await expect(page.getByRole('button', { name: 'Huỷ địa chỉ lịch của Đại Ân 2' })).toBeHidden();
  expect((await stranger.request.get(address)).status()).toBe(404);
  expect((await commune.get<{ items: unknown[] }>('/calendars')).items).toEqual([]);
});
