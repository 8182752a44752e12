// Nhật ký: who did what is read on the phone, newest first, narrowed down, and taken along as a file.
import { readFileSync } from 'node:fs';
import { inspect } from './support/inspect';
import { invited } from './support/people';
import { beeps, wav } from './support/sound';
import { expect, test } from './support/test';

test('what was done is read in words with its thing, person and place; an emergency stands out; the rest comes by scrolling', async ({
  signedIn: page,
  commune,
}) => {
  // More than come at a time.
  for (let at = 0; at < 60; at += 1) {
    await commune.api.patch('/api/v1/areas/31699-05', { data: { name: 'Ấp Lâm Dồ' } });
  }
  const clip = await commune.api.post('/api/v1/clips', {
    multipart: { file: { name: 'a.wav', mimeType: 'audio/wav', buffer: wav(beeps(660, 1)) } },
  });
  const { hash } = (await clip.json()) as { hash: string };
  const flood = await commune.post<{ id: string }>('/bulletins', {
    title: 'Lũ về',
    language: 'vi',
    class: 'emergency',
    clip: hash,
  });
  await commune.post('/broadcasts', { bulletin: flood.id, areas: ['31699-01'], confirmed: true });

  await page.getByRole('link', { name: 'Cài đặt' }).tap();
  await page.getByRole('link', { name: 'Nhật ký' }).tap();
  await expect(page.getByRole('heading', { level: 1, name: 'Nhật ký' })).toBeVisible();
  const newest = page.locator('main li').first();
  await expect(newest).toContainText('Phát ngay');
  await expect(newest).toContainText('Khẩn cấp');
  await expect(newest).toContainText('Lũ về · Ấp Chợ');
  await expect(newest).toContainText(/\d\d:\d\d · Nguyễn Thị Mai · 127\.0\.0\.1/);
  await expect(newest).toHaveClass(/emergency/);
  await newest.locator('summary').tap();
  await expect(newest).toContainText('/broadcasts');
  await expect(newest).toContainText(flood.id);
  await page.screenshot({ path: 'e2e/.out/log.png' });

  const items = page.locator('main li');
  await expect(items).toHaveCount(50);
  await items.last().scrollIntoViewIfNeeded();
  await page.mouse.wheel(0, 4000);
  await expect.poll(() => items.count()).toBeGreaterThan(60);
  await inspect(page);

  await page.evaluate(() => scrollTo(0, 0));
  await page.getByText('Lọc', { exact: true }).tap();
  await page.getByLabel('Việc').selectOption('Thêm địa bàn');
  await expect(items).toHaveCount(7);
  await expect(items.first()).toContainText('Ấp Lâm Dồ');
  await page.screenshot({ path: 'e2e/.out/log-narrowed.png' });
  await inspect(page);
  const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'Tải tệp CSV' }).tap()]);
  const csv = readFileSync(await file.path(), 'utf8');
  expect(csv.startsWith('\ufeffSố,Thời điểm,Ai,')).toBe(true);
  expect(csv.trim().split('\r\n')).toHaveLength(8);

  await page.getByLabel('Ngày').fill('2020-01-01');
  await expect(page.getByText('Không có gì như vậy trong nhật ký.')).toBeVisible();
  await page.getByLabel('Ngày').fill('');
  await page.getByLabel('Việc').selectOption('Mọi việc');
  await page.getByLabel('Người').selectOption('Nguyễn Thị Mai');
  await expect(newest).toContainText('Lũ về');
});

test('what was refused says why, and who manages only a commune is not shown the log', async ({
  signedIn: page,
  browser,
  commune,
}) => {
  await commune.api.post('/api/v1/session', { data: { username: 'canbo', password: 'sai mật khẩu' } });
  await page.goto('/log');
  const tried = page.locator('main li').first();
  await expect(tried).toContainText('Đăng nhập');
  await expect(tried).toContainText('Sai tên đăng nhập hoặc mật khẩu.');

  const other = await invited(page, browser, commune, 'Quản trị', 'xa');
  await other.getByRole('link', { name: 'Cài đặt' }).tap();
  await expect(other.getByRole('link', { name: 'Người dùng' })).toBeVisible();
  await expect(other.getByRole('link', { name: 'Nhật ký' })).toHaveCount(0);
  await other.goto('/log');
  await expect(other.getByRole('alert')).toContainText('địa bàn');
  await expect(other.locator('main li')).toHaveCount(0);
  await other.context().close();
});
