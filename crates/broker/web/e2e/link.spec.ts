// The network as it is in a village: the phone loses it, the server goes away, and the page says so and finds back by itself.
import { choose, playNow, row, stopEverything, tab, uploadSound } from './support/phone';
import { beeps, wav } from './support/sound';
import { expect, test } from './support/test';

test('a phone without a network says so, keeps the draft, and recovers by itself', async ({ signedIn: page }) => {
  await page.getByLabel('Nội dung cần phát').fill('Tối nay cúp điện từ 18h.');
  await choose(page, 'Ấp Chợ');
  await page.context().setOffline(true);
  const note = page.getByRole('status').filter({ hasText: 'Điện thoại không có mạng.' });
  await expect(note).toBeVisible();
  await page.evaluate(() => scrollTo(0, 0));
  await playNow(page);
  const refusal = page.getByRole('alert').filter({ hasText: 'Bật 4G hoặc Wi-Fi rồi thử lại. Bản nháp vẫn còn.' });
  await expect(refusal).toBeInViewport({ ratio: 1 });
  await expect(note).toBeInViewport({ ratio: 1 });

  await page.context().setOffline(false);
  await expect(note).toBeHidden();
  await playNow(page);
  await expect(row(page, 'Ấp Chợ')).toContainText('Đã phát xong', { timeout: 20_000 });
});

test('a stop order that finds no network is sent as soon as there is one', async ({ signedIn: page }) => {
  await uploadSound(page, 'dài.wav', wav(beeps(660, 40)));
  await choose(page, 'Ấp Chợ');
  await playNow(page);
  await expect(row(page, 'Ấp Chợ')).toContainText('Đang phát');
  await page.context().setOffline(true);
  await stopEverything(page);
  const panel = page.getByRole('region', { name: 'Kết quả dừng tất cả' });
  await expect(panel).toContainText('CHƯA dừng được');
  await page.context().setOffline(false);
  await expect(panel).toContainText('Đã im');
  await panel.getByRole('button', { name: 'Đóng' }).tap();
  await expect(row(page, 'Ấp Chợ')).toContainText('Đã dừng');
});

test('the page opens without a network once it has been there, and goes on by itself when there is one', async ({
  signedIn: page,
}) => {
  await page.evaluate(() => navigator.serviceWorker.ready);
  await page.context().setOffline(true);
  await page.reload();
  await expect(page.getByRole('alert')).toContainText('Điện thoại không có mạng.');
  await page.context().setOffline(false);
  await expect(page.getByRole('group', { name: 'Phát tới' })).toBeVisible();
});

test('a broker killed in the middle of a broadcast is missed by the page, and its return brings the outcome', async ({
  signedIn: page,
  commune,
}) => {
  await uploadSound(page, 'nhạc hiệu.wav', wav(beeps(660, 4)));
  await choose(page, 'Ấp Chợ', 'Ấp Tầm Vu');
  await playNow(page);
  for (const name of ['Ấp Chợ', 'Ấp Tầm Vu'] as const) await expect(row(page, name)).toContainText('Đang phát');
  await commune.broker.kill();
  const note = page.getByRole('status').filter({ hasText: 'Mất liên lạc với máy chủ.' });
  await expect(note).toBeVisible();

  await commune.broker.start();
  await expect(note).toBeHidden({ timeout: 30_000 });
  for (const name of ['Ấp Chợ', 'Ấp Tầm Vu'] as const) {
    await expect(row(page, name)).toContainText('Đã phát xong', { timeout: 30_000 });
  }
  await tab(page, 'Cụm loa');
  await expect(page.getByText('5/5 cụm loa sẵn sàng')).toBeVisible({ timeout: 30_000 });
  await tab(page, 'Phát');
  await uploadSound(page, 'nhạc hiệu.wav', wav(beeps(660, 1)));
  await playNow(page);
  await expect(row(page, 'Ấp Chợ')).toContainText('Đã phát xong');
});
