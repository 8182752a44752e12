// An installer with a phone: a card that is prepared on the page becomes the node, which then moves, gets new hardware, and goes.
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Page } from '@playwright/test';
import { parse } from 'yaml';
import { inspect } from './support/inspect';
import { tab } from './support/phone';
import { find, Program } from './support/program';
import { expect, test } from './support/test';

const SSID = 'Quán "Cà phê" Đồng Quê';
const PASSWORD = `bi'mat: "#1" \\o/`;
/** The words above a part that can be opened. */
const part = (page: Page, title: string) => page.locator('summary', { hasText: title });

async function download(page: Page, file: string): Promise<string> {
  const [got] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: `Tải ${file}` }).tap()]);
  expect(got.suggestedFilename()).toBe(file);
  return readFileSync(await got.path(), 'utf8');
}

test('a card prepared on the page enrols a board; the Wi-Fi password stays on the phone', async ({ signedIn: page }) => {
  test.setTimeout(120_000);
  const folder = mkdtempSync(join(tmpdir(), 'loa-e2e-card-'));
  const agents: Program[] = [];
  const board = async (name: string, claim: string) => {
    const data = join(folder, name);
    const file = join(folder, `${name}-claim`);
    writeFileSync(file, claim);
    await promisify(execFile)(find('loa-agent'), ['enrol', '--data', data, '--claim', file]);
    expect(existsSync(file)).toBe(false);
    agents.push(new Program('loa-agent', ['run', '--data', data, '--output', `wav:${data}-heard`], `${data}.log`));
  };
  const sent: string[] = [];
  page.on('request', (request) => sent.push(`${request.url()} ${request.postData() ?? ''}`));

  await tab(page, 'Cụm loa');
  await page.getByRole('link', { name: 'Thêm cụm loa' }).tap();
  await page.getByLabel('Đặt ở ấp').selectOption('Ấp Tầm Vu');
  await page.getByLabel('Tên cụm loa').fill('Đình làng');
  await page.getByRole('button', { name: 'Thêm và lấy mã' }).tap();
  await part(page, 'Mã QR').tap();
  await expect(page.getByRole('img', { name: 'Mã QR' })).toBeVisible();

  await part(page, 'Chuẩn bị thẻ nhớ Raspberry Pi').tap();
  await page.getByRole('radio', { name: 'Wi-Fi', exact: true }).tap();
  await page.getByLabel('Tên Wi-Fi').fill(SSID);
  await page.getByLabel('Mật khẩu Wi-Fi').fill('ngắn');
  await page.getByRole('button', { name: 'Tải network-config' }).tap();
  await expect(page.getByRole('alert')).toContainText('Mật khẩu Wi-Fi phải có 8 đến 63 ký tự');
  await part(page, 'Gói cài đặt và khóa SSH').tap();
  await inspect(page);
  await page.getByLabel('Mật khẩu Wi-Fi').fill(PASSWORD);
  const network = parse(await download(page, 'network-config')).network;
  expect(network.wifis.wlan0['access-points']).toEqual({ [SSID]: { password: PASSWORD } });
  const data = parse(await download(page, 'user-data'));
  expect(data.hostname).toBe('loa-dinh-lang');
  const claim = data.write_files.find((file: { path: string }) => file.path === '/boot/firmware/loa-claim').content;
  expect(sent.filter((request) => request.includes('mat') && request.includes('#1'))).toEqual([]);

  await board('first', claim);
  await expect(page.getByRole('alert')).toContainText('Cụm loa đã kết nối.');
  await page.getByRole('link', { name: 'Mở cụm loa' }).tap();
  await expect(page.getByText('Sẵn sàng')).toBeVisible();

  await part(page, 'Chuyển sang ấp khác').tap();
  await inspect(page);
  await page.getByLabel('Ấp mới').selectOption('Ấp Lâm Dồ');
  await page.getByRole('button', { name: 'Chuyển', exact: true }).tap();
  await expect(page.getByRole('dialog')).toContainText('Đình làng chuyển từ Ấp Tầm Vu sang Ấp Lâm Dồ.');
  await page.getByRole('dialog').getByRole('button', { name: 'Chuyển', exact: true }).tap();
  await expect(page.getByText('Đã chuyển. Cụm loa đang ở Ấp Lâm Dồ.')).toBeVisible();

  // New hardware: the page waits for the new board, although the old one is still there.
  await part(page, 'Lắp máy mới cho cụm loa này').tap();
  await page.getByRole('button', { name: 'Lấy mã lắp đặt' }).tap();
  await expect(page.getByText('Đang chờ cụm loa kết nối…')).toBeVisible();
  await part(page, 'Chuẩn bị thẻ nhớ Raspberry Pi').tap();
  await part(page, 'Máy đã cài sẵn loa-agent').tap();
  await board('second', await download(page, 'loa-claim'));
  await expect(page.getByRole('alert')).toContainText('Cụm loa đã kết nối.');

  await page.getByRole('button', { name: 'Ngừng sử dụng cụm loa' }).tap();
  await inspect(page);
  await page.getByRole('dialog').getByRole('button', { name: 'Ngừng sử dụng', exact: true }).tap();
  await expect(page.locator('.status')).toHaveText('Ngừng sử dụng');
  await tab(page, 'Cụm loa');
  await expect(page.getByText('5/5 cụm loa sẵn sàng')).toBeVisible();
  await part(page, 'cụm loa đã thu hồi hoặc ngừng sử dụng').tap();
  await expect(page.getByRole('listitem').filter({ hasText: 'Đình làng' })).toBeVisible();
  for (const agent of agents) await agent.kill();
  rmSync(folder, { recursive: true });
});
