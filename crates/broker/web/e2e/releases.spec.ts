// A release of the agent is handed in by the operator's command and rolled out on the phone, step by step.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from './support/inspect';
import { find } from './support/program';
import { expect, test } from './support/test';

/** Signs a program as 0.2.0 and gives it to the broker. */
function handIn(data: string): void {
  const place = mkdtempSync(join(tmpdir(), 'loa-release-'));
  const [key, program, manifest] = ['key', 'program', 'manifest'].map((name) => join(place, name)) as [string, string, string];
  const releases = (...args: string[]) => execFileSync(find('loa-broker'), ['releases', ...args]);
  writeFileSync(program, 'a program');
  releases('make-key', '--authority', join(data, 'identity', 'authority.json'), key);
  releases('sign', program, '--key', key, '--version', '0.2.0', '--target', 'aarch64-unknown-linux-gnu', '--out', manifest);
  releases('add', '--data', data, program, manifest);
  rmSync(place, { recursive: true });
}

test('a release is begun at one node, halted, resumed, sent further and ended', async ({ signedIn: page, commune }) => {
  await page.getByRole('link', { name: 'Cài đặt' }).tap();
  await page.getByRole('link', { name: 'Phần mềm cụm loa' }).tap();
  await expect(page.getByText('Không có bản nào để cập nhật.')).toBeVisible();
  await expect(page.getByText('Đang chạy bản 0.').first()).toBeVisible();
  await inspect(page);

  handIn(commune.broker.data);
  await expect(page.getByLabel('Bản', { exact: true })).toContainText('0.2.0');
  await inspect(page);
  await page.getByLabel('Cụm loa cài trước').selectOption({ index: 1 });
  await page.getByLabel('Đợt hai: phần trăm số cụm loa').fill('30');
  const tap = (name: string) => page.getByRole('button', { name, exact: true }).tap();
  await tap('Bắt đầu cập nhật');
  await expect(page.getByRole('heading', { name: 'Đang cập nhật lên bản 0.2.0' })).toBeVisible();
  await expect(page.getByText('Đợt một: chỉ')).toBeVisible();
  // These agents have nobody who would start them again.
  await expect(page.getByText('Không tự cập nhật được').first()).toBeVisible();
  await inspect(page);

  await tap('Tạm dừng');
  await expect(page.getByText('Đã tạm dừng.')).toBeVisible();
  await inspect(page);
  await tap('Vẫn tiếp tục');
  await tap('Sang đợt hai');
  await expect(page.getByText('Đợt hai: 30% số cụm loa.')).toBeVisible();
  await tap('Cập nhật tất cả');
  await expect(page.getByText('Đợt ba: tất cả các cụm loa.')).toBeVisible();
  await tap('Kết thúc đợt cập nhật');
  await expect(page.getByRole('button', { name: 'Bắt đầu cập nhật' })).toBeVisible();
  // Other tests of this worker find it as it was.
  execFileSync(find('loa-broker'), ['releases', 'withdraw', '--data', commune.broker.data, '--version', '0.2.0']);
  await expect(page.getByText('Không có bản nào để cập nhật.')).toBeVisible();
});
