// One tap, and it is silent.
import { choose, playNow, row, stopEverything, uploadSound } from './support/phone';
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
