// Nghiệm thu: an installer at a pole writes down, photographs, hears and signs; the commune prints what came of it.
import type { Page } from '@playwright/test';
import type { Commissioning } from '../src/lib/api/types';
import { inspect } from './support/inspect';
import { invited } from './support/people';
import { heard } from './support/sound';
import { expect, test } from './support/test';

const EXIF = Buffer.from('Exif\0\0GPS 9.6412N 106.0133E');

/** A photo as a phone takes it: large, and with its position in the file. */
async function photo(page: Page): Promise<Buffer> {
  const base64 = await page.evaluate(() => {
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [2400, 1800];
    const paper = canvas.getContext('2d') as CanvasRenderingContext2D;
    const sky = paper.createLinearGradient(0, 0, 0, 1800);
    sky.addColorStop(0, '#7fb2e5');
    sky.addColorStop(1, '#e8f1f8');
    paper.fillStyle = sky;
    paper.fillRect(0, 0, 2400, 1800);
    paper.fillStyle = '#5a4632';
    paper.fillRect(1150, 300, 100, 1500);
    paper.fillStyle = '#8c8c8c';
    for (const x of [900, 1500]) paper.fillRect(x - 150, 400, 300, 200);
    // Leaves, so that it isn't small by itself.
    for (let at = 0; at < 60_000; at += 1) {
      paper.fillStyle = `hsl(${90 + (at % 50)} 40% ${20 + (at % 40)}%)`;
      paper.fillRect((at * 7919) % 2400, 1200 + ((at * 104_729) % 600), 5, 5);
    }
    return canvas.toDataURL('image/jpeg', 0.95).split(',')[1] ?? '';
  });
  const plain = Buffer.from(base64, 'base64');
  const length = Buffer.from([0, EXIF.length + 2]);
  return Buffer.concat([plain.subarray(0, 2), Buffer.from([0xff, 0xe1]), length, EXIF, plain.subarray(2)]);
}

test('an installer finds, photographs, hears, ticks and signs at the pole, and the report is a sheet of paper', async ({
  signedIn,
  browser,
  commune,
}) => {
  test.slow();
  const hamlet = commune.hamlet('Ấp Chợ');
  const others = commune.hamlets.filter((other) => other !== hamlet);
  const sheet = () => commune.get<Commissioning>(`/nodes/${hamlet.node}/commissioning`);
  const page = await invited(signedIn, browser, commune, 'Lắp đặt', 'tho-tu');
  await page.goto(`/nodes/${hamlet.node}`);
  await page.getByRole('link', { name: 'Nghiệm thu', exact: true }).tap();
  await expect(page.getByRole('heading', { level: 1, name: 'Nghiệm thu' })).toBeVisible();
  await expect(page.getByText('Còn thiếu: vị trí, ảnh, số loa')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Ký', exact: true })).toHaveAttribute('aria-disabled', 'true');
  await inspect(page);

  // The phone says nothing, then where it is; what is typed does too.
  await page.getByRole('button', { name: 'Lấy vị trí từ điện thoại' }).tap();
  await expect(page.getByRole('alert')).toContainText('Trang chưa được phép dùng vị trí.');
  await page.getByLabel('Hoặc gõ toạ độ').fill('ở chợ');
  await page.getByLabel('Hoặc gõ toạ độ').blur();
  await expect(page.getByText('Chưa đúng dạng.')).toBeVisible();
  await page.getByLabel('Hoặc gõ toạ độ').fill('9,6 106,01');
  await page.getByLabel('Hoặc gõ toạ độ').blur();
  await expect(page.getByText('9.600000, 106.010000')).toBeVisible();
  await page.context().grantPermissions(['geolocation']);
  await page.context().setGeolocation({ latitude: 9.64123456, longitude: 106.0133, accuracy: 6.54 });
  await page.getByRole('button', { name: 'Lấy vị trí từ điện thoại' }).tap();
  await expect(page.getByText('9.641235, 106.013300')).toBeVisible();
  await expect(page.getByText(/sai số 7\sm/)).toBeVisible();

  const taken = await photo(page);
  expect(taken.length).toBeGreaterThan(300_000);
  await page.getByLabel('Chụp ảnh').setInputFiles({ name: 'pole.jpg', mimeType: 'image/jpeg', buffer: taken });
  const picture = page.getByRole('img', { name: 'Ảnh cụm loa tại chỗ' });
  await expect(picture).toBeVisible();
  await expect.poll(() => picture.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBeGreaterThanOrEqual(600);
  const kept = await (await commune.api.get(`/api/v1/nodes/${hamlet.node}/commissioning/photo`)).body();
  expect(kept.length).toBeLessThanOrEqual(300_000);
  expect(kept.includes('GPS')).toBe(false);
  await page
    .getByLabel('Chụp lại')
    .setInputFiles({ name: 'pole.jpg', mimeType: 'image/jpeg', buffer: Buffer.from('không phải ảnh') });
  await expect(page.getByText('Ảnh này không dùng được.')).toBeVisible();

  await page.getByLabel('Số loa').fill('4');
  await page.getByLabel('Công suất mỗi loa (W)').fill('3000');
  await page.getByLabel('Công suất mỗi loa (W)').blur();
  await expect(page.getByText('Số nguyên, nhiều nhất 1.000.')).toBeVisible();
  await page.getByLabel('Công suất mỗi loa (W)').fill('30');
  await page.getByLabel('Thời gian âm ly khởi động (ms)').fill('450');
  await page.getByLabel('Thời gian âm ly khởi động (ms)').blur();
  await page.getByRole('radio', { name: 'Đo tại chỗ' }).tap();
  await expect(page.locator('code')).toHaveText('lead_ms = 450');
  await page.screenshot({ path: 'e2e/.out/commissioning-filled.png', fullPage: true });

  // It says where it is, on this pole and no other.
  const before = new Map(commune.hamlets.map(({ name, tape }) => [name, tape.length()]));
  await page.getByRole('button', { name: 'Phát câu kiểm tra' }).tap();
  await expect(page.getByText('“Loa Ấp Chợ số 1, kiểm tra.”')).toBeVisible();
  await expect(page.getByText(/Đã phát xong/)).toBeVisible({ timeout: 20_000 });
  const sounded = heard(hamlet.tape.since(before.get(hamlet.name) ?? 0));
  expect(sounded.seconds).toBeGreaterThan(1);
  for (const { name, tape } of others) expect(tape.length(), name).toBe(before.get(name));

  const checks = page.getByRole('group', { name: 'Danh mục kiểm tra' });
  const ticks = checks.getByRole('checkbox');
  await expect(ticks).toHaveCount(9);
  for (const tick of await ticks.all()) await tick.tap();
  await expect(checks.getByText(/^tho-tu, \d\d:\d\d/)).toHaveCount(9);
  await page.getByLabel('Ghi chú').fill('Cột điện số 12, trước nhà văn hoá.');
  await page.getByLabel('Ghi chú').blur();
  await expect(page.getByText('Đã đủ. Ký rồi thì không sửa được nữa.')).toBeVisible();
  await expect.poll(async () => (await sheet()).remark).toContain('số 12');
  await inspect(page);
  await page.getByRole('button', { name: 'Ký', exact: true }).tap();
  await expect(page.getByText(/^tho-tu ký nghiệm thu, \d\d:\d\d/)).toBeVisible();
  const signed = await sheet();
  expect(signed.signed?.by).toBe('tho-tu');
  expect(signed).toMatchObject({ horns: 4, horn_watts: 30, lead_ms: 450, lead_measured: true, missing: [] });
  await inspect(page);

  await page.getByRole('link', { name: 'Biên bản nghiệm thu' }).tap();
  await expect(page.getByRole('heading', { level: 1, name: 'Biên bản nghiệm thu cụm loa' })).toBeVisible();
  await expect(page.getByText('120 W')).toBeVisible();
  await expect(page.getByText('Cột điện số 12')).toBeVisible();
  await expect(page.getByRole('img', { name: 'Ảnh cụm loa tại chỗ' })).toBeVisible();
  await page.screenshot({ path: 'e2e/.out/commissioning-report.png', fullPage: true });
  await inspect(page);
  await page.emulateMedia({ media: 'print' });
  await expect(page.getByRole('button', { name: 'Dừng tất cả' })).toBeHidden();
  await expect(page.getByRole('button', { name: 'In hoặc lưu thành PDF' })).toBeHidden();
  await expect(page.getByText('Đại diện xã')).toBeVisible();
  await page.setViewportSize({ width: 794, height: 1123 });
  await page.screenshot({ path: 'e2e/.out/commissioning-paper.png', fullPage: true });
  const paper = await page.pdf({ path: 'e2e/.out/commissioning-report.pdf', preferCSSPageSize: true });
  expect(paper.toString('latin1').match(/\/Type ?\/Page\b/g)).toHaveLength(1);
  await page.emulateMedia({ media: 'screen' });
  await page.context().close();
});

test('a spoken test out of hours is refused in words, what could not be saved is saved later, and all of it is said in English too', async ({
  signedIn: page,
  commune,
}) => {
  const { node } = commune.hamlet('Ấp Tầm Vu');
  const policy = '/api/v1/areas/31699/policy';
  const hours = Array.from({ length: 7 }, () => []);
  expect((await commune.api.put(policy, { data: { hours } })).ok()).toBe(true);
  await page.goto(`/nodes/${node}/commissioning`);
  await page.getByRole('button', { name: 'Phát câu kiểm tra' }).tap();
  await expect(page.getByRole('alert').filter({ hasText: 'ngoài giờ được phép phát' })).toBeVisible();
  await inspect(page);
  await commune.api.delete(policy);

  await page.route('**/commissioning', (route) => (route.request().method() === 'PUT' ? route.abort() : route.fallback()));
  await page.getByLabel('Số loa').fill('2');
  await page.getByLabel('Số loa').blur();
  const again = page.getByRole('button', { name: 'Thử lại' });
  await expect(again).toBeVisible();
  await page.unroute('**/commissioning');
  await again.tap();
  await expect(again).toBeHidden();
  await expect.poll(async () => (await commune.get<Commissioning>(`/nodes/${node}/commissioning`)).horns).toBe(2);
  await page.reload();
  await expect(page.getByLabel('Số loa')).toHaveValue('2');

  await page.goto('/settings');
  await page.getByRole('radio', { name: 'English' }).tap();
  for (const [path, heading] of [
    [`/nodes/${node}/commissioning`, 'Commissioning'],
    [`/nodes/${node}/report`, 'Commissioning report'],
    ['/log', 'Audit log'],
  ] as const) {
    await page.goto(path);
    await expect(page.getByRole('heading', { level: 1, name: heading })).toBeVisible();
    await expect(page.getByText('Loading')).toHaveCount(0);
    await inspect(page);
  }
});
