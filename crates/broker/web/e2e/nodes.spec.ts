// Nodes: how they are, and how soon the page knows.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { choose, playNow, row, tab, uploadSound } from './support/phone';
import { find, Program } from './support/program';
import { beeps, heard, wav } from './support/sound';
import { expect, test } from './support/test';

/** product.md: a node that is lost is shown as lost. */
const LOST_WITHIN_MS = 45_000;

test('every node is ready; a killed one is lost at once, a frozen one within 45 s, and both come back by themselves', async ({
  signedIn: page,
  commune,
}) => {
  test.setTimeout(LOST_WITHIN_MS + 60_000);
  await tab(page, 'Cụm loa');
  await expect(page.getByText('5/5 cụm loa sẵn sàng')).toBeVisible();
  for (const { name } of commune.hamlets) await expect(row(page, name)).toContainText('Sẵn sàng');

  const [frozen, killed] = [commune.hamlet('Ấp Chợ'), commune.hamlet('Ấp Lâm Dồ')];
  frozen.freeze();
  const lost = expect(row(page, frozen.name)).toContainText('Mất kết nối', { timeout: LOST_WITHIN_MS });
  await killed.kill();
  await expect(row(page, killed.name)).toContainText('Mất kết nối', { timeout: 3_000 });
  await lost;
  await expect(page.getByText('3/5 cụm loa sẵn sàng')).toBeVisible();

  frozen.thaw();
  killed.start();
  await expect(page.getByText('5/5 cụm loa sẵn sàng')).toBeVisible({ timeout: 30_000 });
});

test('a node that is switched off in order is told from one that was cut off', async ({ signedIn: page, commune }) => {
  const hamlet = commune.hamlet('Ấp Tầm Vu');
  await tab(page, 'Cụm loa');
  await hamlet.stop();
  await expect(row(page, hamlet.name)).toContainText('Đã tắt');
  hamlet.start();
  await expect(row(page, hamlet.name)).toContainText('Sẵn sàng', { timeout: 30_000 });
});

test('what plays on a node is on its page, and the test tone sounds there', async ({ signedIn: page, commune }) => {
  const hamlet = commune.hamlet('Ấp Ngan Rô 2');
  await uploadSound(page, 'nhạc hiệu.wav', wav(beeps(660, 6)));
  await choose(page, hamlet.name);
  await playNow(page);
  await tab(page, 'Cụm loa');
  await expect(row(page, hamlet.name)).toContainText('Đang phát');
  await row(page, hamlet.name).getByRole('link').tap();
  await expect(page.getByText('Đang phát: nhạc hiệu')).toBeVisible();
  await expect(page.getByText('Đã chạy').locator('xpath=following-sibling::dd')).toHaveText(/^\d+ phút$/);
  await expect(page.getByText('Sẵn sàng')).toBeVisible();

  const before = hamlet.tape.length();
  await page.getByRole('button', { name: 'Phát âm thử 3 giây' }).tap();
  await expect(page.getByText('Cụm loa đang phát âm thử.')).toBeVisible();
  await expect.poll(() => heard(hamlet.tape.since(before)).seconds).toBeGreaterThan(2.5);
});

test('a new node gets a claim code, and the page sees it arrive and leave', async ({ signedIn: page }) => {
  const folder = mkdtempSync(join(tmpdir(), 'loa-e2e-node-'));
  await tab(page, 'Cụm loa');
  await page.getByRole('link', { name: 'Thêm cụm loa' }).tap();
  await page.getByLabel('Đặt ở ấp').selectOption('Ấp Tầm Vu');
  await page.getByLabel('Tên cụm loa').fill('Cổng chùa');
  await page.getByRole('button', { name: 'Thêm và lấy mã' }).tap();
  await expect(page.getByText('Đang chờ cụm loa kết nối…')).toBeVisible();
  const command = (await page.getByText(/loa-agent enrol/).textContent()) ?? '';

  // As typed, but for the folder: on a node it is the system's own.
  const args = command.trim().split(/\s+/);
  args[args.indexOf('--data') + 1] = folder;
  await promisify(execFile)(find('loa-agent'), args.slice(args.indexOf('enrol')));
  const agent = new Program('loa-agent', ['run', '--data', folder, '--output', `wav:${folder}/heard`], join(folder, 'agent.log'));
  await expect(page.getByRole('alert')).toContainText('Cụm loa đã kết nối.');
  await page.getByRole('link', { name: 'Mở cụm loa' }).tap();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Cổng chùa');
  await expect(page.getByText('Sẵn sàng')).toBeVisible();

  await page.getByRole('button', { name: 'Thu hồi cụm loa' }).tap();
  await page.getByRole('dialog').getByRole('button', { name: 'Thu hồi', exact: true }).tap();
  await expect(page.getByText('Đã thu hồi')).toBeVisible();
  await agent.kill();
  rmSync(folder, { recursive: true });
});
