// One tap, and it is silent.
import { choose, playNow, row, stopEverything, tab, uploadSound } from './support/phone';
import { beeps, heard, RATE, wav } from './support/sound';
import { expect, test } from './support/test';

/** On one machine; product.md. */
const SILENT_WITHIN_S = 1;
// Not the whole commune, so that the page doesn't ask about the hour when this runs at night.
const CHOSEN = ['Ấp Chợ', 'Ấp Ngan Rô 1', 'Ấp Ngan Rô 2', 'Ấp Tầm Vu'] as const;

test('stop everything silences all that play within a second, and the page shows that each is silent', async ({
  signedIn: page,
  commune,
}) => {
  await uploadSound(page, 'dài.wav', wav(beeps(660, 40)));
  await choose(page, ...CHOSEN);
  await playNow(page);
  for (const name of CHOSEN) await expect(row(page, name)).toContainText('Đang phát');
  const tapes = CHOSEN.map((name) => commune.hamlet(name).tape);
  await expect.poll(() => Math.min(...tapes.map((tape) => heard(tape.since(0)).seconds))).toBeGreaterThan(1);

  const tapped = tapes.map((tape) => tape.length());
  await stopEverything(page);
  const panel = page.getByRole('region', { name: 'Kết quả dừng tất cả' });
  await expect(panel.getByRole('status')).toHaveText('Đã im: cả 4 nơi');
  for (const name of CHOSEN) await expect(panel.getByRole('listitem').filter({ hasText: name })).toContainText('đã im');
  await commune.ready();

  for (const [at, tape] of tapes.entries()) {
    const after = tape.since(tapped[at] ?? 0);
    expect(heard(after.subarray(SILENT_WITHIN_S * RATE)).seconds, `${CHOSEN[at]} after ${SILENT_WITHIN_S} s`).toBe(0);
  }
  await panel.getByRole('button', { name: 'Đóng' }).tap();
  await expect(panel).toBeHidden();
  for (const name of CHOSEN) await expect(row(page, name)).toContainText('Có người bấm dừng.');
  await expect(page.getByText('Đã dừng; phát trọn ở 0/4 nơi')).toBeVisible();
});

test('what was stopped stays so on every screen until a person releases it, and then sounds again', async ({
  signedIn: page,
  commune,
}) => {
  await stopEverything(page);
  const panel = page.getByRole('region', { name: 'Kết quả dừng tất cả' });
  await expect(panel).toContainText('Đang giữ im: Sóc Trăng.');
  await panel.getByRole('button', { name: 'Đóng' }).tap();
  const banner = page.getByRole('status').filter({ hasText: 'Đang dừng: Sóc Trăng' });
  await expect(banner).toContainText(/từ \d\d:\d\d, do Nguyễn Thị Mai\./);
  await tab(page, 'Cụm loa');
  await expect(row(page, 'Ấp Chợ')).toContainText('Đang dừng');
  await expect(banner).toBeVisible();

  await tab(page, 'Phát');
  await uploadSound(page, 'thử lại.wav', wav(beeps(660, 2)));
  await choose(page, 'Ấp Chợ');
  await playNow(page);
  await expect(page.getByRole('alert').filter({ hasText: 'Không phát được: Sóc Trăng đang dừng' })).toBeVisible();
  await page.getByRole('button', { name: 'Mở lại và phát' }).tap();
  await expect(row(page, 'Ấp Chợ')).toContainText('Đã phát xong');
  await expect(banner).toBeHidden();
  expect(heard(commune.hamlet('Ấp Chợ').tape.since(0)).seconds).toBeGreaterThan(1);

  await stopEverything(page);
  await banner.getByRole('button', { name: 'Mở lại Sóc Trăng' }).tap();
  const question = page.getByRole('dialog');
  await expect(question).toContainText('Những lượt đã lỡ trong lúc dừng không phát bù.');
  await question.getByRole('button', { name: 'Không, cứ để im' }).tap();
  await expect(banner).toBeVisible();
  await banner.getByRole('button', { name: 'Mở lại Sóc Trăng' }).tap();
  await question.getByRole('button', { name: 'Mở lại loa' }).tap();
  await expect(banner).toBeHidden();
  await expect(page.getByRole('button', { name: 'Mở lại', exact: true })).toBeHidden();
});

test('one broadcast is stopped on its own page while another plays on', async ({ signedIn: page, commune }) => {
  const goesOn = commune.hamlet('Ấp Lâm Dồ');
  await uploadSound(page, 'bản thứ nhất.wav', wav(beeps(880, 6)));
  await choose(page, goesOn.name);
  await playNow(page);
  await expect(row(page, goesOn.name)).toContainText('Đang phát');
  const other = page.url();

  await page.getByRole('link', { name: 'Phát', exact: true }).tap();
  await page.getByRole('checkbox', { name: goesOn.name }).tap();
  await uploadSound(page, 'bản thứ hai.wav', wav(beeps(660, 30)));
  await choose(page, 'Ấp Chợ');
  await playNow(page);
  await expect(row(page, 'Ấp Chợ')).toContainText('Đang phát');
  await page.getByRole('button', { name: 'Chỉ dừng bản tin này' }).tap();
  await expect(row(page, 'Ấp Chợ')).toContainText('Có người bấm dừng.');

  await page.goto(other);
  await expect(row(page, goesOn.name)).toContainText('Đã phát xong');
});

test('with nothing playing, stop everything still goes out and says so', async ({ signedIn: page }) => {
  await stopEverything(page);
  const panel = page.getByRole('region', { name: 'Kết quả dừng tất cả' });
  await expect(panel).toContainText('Không có cụm loa nào đang phát');
  await expect(panel).toContainText('Lệnh dừng vẫn đã gửi tới 5 cụm loa.');
});
