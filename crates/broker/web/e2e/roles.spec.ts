// People of other roles: how they come, what they see, what they don't.
import { createHmac } from 'node:crypto';
import type { Browser, Page } from '@playwright/test';
import type { Commune } from './support/commune';
import { inspect } from './support/inspect';
import { tab } from './support/phone';
import { expect, test } from './support/test';

const PASSWORD = 'mot mat khau de nho';

/** Invites somebody on the page, and lets them accept on a phone of their own. */
async function invited(admin: Page, browser: Browser, commune: Commune, role: string, name: string): Promise<Page> {
  await admin.goto('/people');
  const form = admin.locator('section').filter({ has: admin.getByRole('heading', { name: 'Mời người mới' }) });
  await form.getByLabel('Vai trò').selectOption({ label: role });
  await form.getByLabel('Địa bàn').selectOption('31699');
  await form.getByRole('button', { name: 'Tạo liên kết mời' }).tap();
  const link = await form.getByRole('status').locator('code').innerText();
  expect(new URL(link).origin).toBe(commune.broker.url);

  const context = await browser.newContext({ baseURL: commune.broker.url });
  const page = await context.newPage();
  await page.goto(link);
  await expect(page.getByText(`${role} · Đại Ân 2`)).toBeVisible();
  await page.getByLabel('Họ và tên').fill(name);
  await page.getByLabel('Tên đăng nhập').fill(`${name}-${Date.now().toString(36)}`);
  await page.getByLabel('Mật khẩu', { exact: true }).fill(PASSWORD);
  await page.getByRole('button', { name: 'Tạo tài khoản' }).tap();
  await expect(page.getByRole('link', { name: 'Cài đặt' })).toBeVisible();
  return page;
}

test('an invited editor makes and plans, and neither sees nor may do what an admin does', async ({
  signedIn,
  browser,
  commune,
}) => {
  const page = await invited(signedIn, browser, commune, 'Biên tập', 'lan');
  await expect(page.getByRole('button', { name: 'Phát ngay' })).toBeVisible();
  await expect(page.getByRole('button', { name: 'Dừng tất cả' })).toBeVisible();
  await page.getByRole('link', { name: 'Cài đặt' }).tap();
  await expect(page.getByRole('link', { name: 'Tài khoản của tôi' })).toBeVisible();
  await expect(page.getByRole('link', { name: 'Người dùng' })).toHaveCount(0);
  await expect(page.getByRole('link', { name: 'Địa bàn: tỉnh, xã, ấp' })).toHaveCount(0);
  await tab(page, 'Cụm loa');
  await expect(page.getByText('Cụm loa Ấp Chợ')).toBeVisible();
  await expect(page.getByRole('link', { name: 'Thêm cụm loa' })).toHaveCount(0);
  // Whoever knows the address gets no further.
  await page.goto('/people');
  await expect(page.getByRole('alert')).toContainText('Tài khoản này không được làm việc đó.');
  const refused = await page.request.post('/api/v1/nodes', {
    data: { hamlet: '31699-01', name: 'Cụm loa' },
    headers: { origin: commune.broker.url },
  });
  expect([refused.status(), (await refused.json()).code]).toEqual([403, 'forbidden']);
  await page.context().close();
});

test('a viewer looks, and has nothing to sound or to stop', async ({ signedIn, browser, commune }) => {
  const page = await invited(signedIn, browser, commune, 'Chỉ xem', 'xem');
  await expect(page.getByText('Tài khoản này không phát loa.')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Dừng tất cả' })).toHaveCount(0);
  await tab(page, 'Chương trình');
  await expect(page.getByRole('link', { name: 'Báo cáo' })).toBeVisible();
  await page.context().close();
});

test('an operator airs a bulletin that is there', async ({ signedIn, browser, commune }) => {
  const title = '<b>Trực</b> <img src=x onerror="document.title=1">';
  await commune.post('/bulletins', { title, text: 'Mời bà con ra nhà văn hoá họp.' });
  const page = await invited(signedIn, browser, commune, 'Trực phát', 'truc');
  await expect(page.getByText(title).first()).toBeVisible();
  await page.getByText(title).first().tap();
  await page.getByRole('checkbox', { name: 'Ấp Chợ' }).check();
  await page.getByRole('button', { name: 'Phát ngay' }).tap();
  await expect(page.getByRole('heading', { name: title })).toBeVisible();
  // What somebody typed as a title is text, wherever it is shown.
  expect(await page.title()).not.toBe('1');
  await expect(page.locator('main img')).toHaveCount(0);
  await page.context().close();
});

test('who is locked out is signed out where they are', async ({ signedIn, browser, commune }) => {
  const page = await invited(signedIn, browser, commune, 'Biên tập', 'khoa');
  await signedIn.goto('/people');
  await signedIn.getByRole('button', { name: 'Sửa khoa' }).tap();
  await inspect(signedIn);
  await signedIn.getByRole('button', { name: 'Khoá tài khoản' }).tap();
  await signedIn.getByRole('dialog').getByRole('button', { name: 'Khoá tài khoản' }).tap();
  await expect(signedIn.getByText('Đã khoá')).toBeVisible();
  await expect(page.getByRole('heading', { name: 'Đăng nhập' })).toBeVisible();
  await page.context().close();
});

/** RFC 6238, as an authenticator app does it. */
function codeOf(secret: string, step: number): string {
  const bits = [...secret].map((c) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const tag = createHmac('sha1', key).update(counter).digest();
  return String((tag.readUInt32BE((tag.at(-1) ?? 0) & 15) & 0x7fff_ffff) % 1_000_000).padStart(6, '0');
}

test('two steps are turned on with an app, and asked for from then on', async ({ signedIn, browser, commune }) => {
  const page = await invited(signedIn, browser, commune, 'Phê duyệt', 'duyet');
  await page.getByRole('link', { name: 'Cài đặt' }).tap();
  await page.getByRole('link', { name: 'Tài khoản của tôi' }).tap();
  await expect(page.getByText('Máy này')).toBeVisible();
  const username = (await page.request.get('/api/v1/session').then((answer) => answer.json())).user.username;
  const steps = page.locator('section').filter({ has: page.getByRole('heading', { name: 'Xác thực hai bước' }) });
  await steps.getByLabel('Mật khẩu hiện tại').fill(PASSWORD);
  await steps.getByRole('button', { name: 'Bật xác thực hai bước' }).tap();
  await expect(steps.getByRole('img', { name: 'Mã QR cho ứng dụng xác thực' })).toBeVisible();
  await inspect(page);
  const secret = await steps.locator('code').innerText();
  const step = Math.floor(Date.now() / 30_000);
  await steps.getByLabel('Mã 6 số').fill(codeOf(secret, step));
  await steps.getByRole('button', { name: 'Xác nhận' }).tap();
  await expect(steps.getByText('Đang bật')).toBeVisible();
  expect((await steps.locator('code').innerText()).split('\n')).toHaveLength(8);

  await page.getByRole('link', { name: 'Cài đặt' }).tap();
  await page.getByRole('button', { name: 'Đăng xuất' }).tap();
  await page.getByLabel('Tên đăng nhập').fill(username);
  await page.getByLabel('Mật khẩu', { exact: true }).fill(PASSWORD);
  await page.getByRole('button', { name: 'Đăng nhập' }).tap();
  await page.getByLabel('Mã 6 số').fill(codeOf(secret, step + 1));
  await page.getByRole('button', { name: 'Đăng nhập' }).tap();
  await expect(page.getByRole('link', { name: 'Cài đặt' })).toBeVisible();
  await page.context().close();
});
