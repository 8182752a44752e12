// People of other roles: how they come, what they see, what they don't.
import { createHmac } from 'node:crypto';
import { inspect } from './support/inspect';
import { invited, PASSWORD } from './support/people';
import { tab } from './support/phone';
import { expect, test } from './support/test';

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
  const page = await invited(signedIn, browser, commune, 'Chỉ xem', 'xem', true);
  await expect(page.getByText('Tài khoản này không phát loa.')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Dừng tất cả' })).toHaveCount(0);
  await tab(page, 'Chương trình');
  await expect(page.getByRole('link', { name: 'Báo cáo' })).toBeVisible();
  await page.context().close();
});

test('an operator airs a bulletin that is there', async ({ signedIn, browser, commune }) => {
  const title = '<b>Trực</b> <img src=x onerror="document.title=1">';
  const { id } = await commune.post<{ id: string }>('/bulletins', { title, text: 'Mời bà con ra nhà văn hoá họp.' });
  await commune.post(`/bulletins/${id}/approve`);
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

test('a forgotten password is replaced by a link that works once', async ({ signedIn, browser, commune }) => {
  const page = await invited(signedIn, browser, commune, 'Chỉ xem', 'quen');
  const username = (await page.request.get('/api/v1/session').then((answer) => answer.json())).user.username;
  await signedIn.goto('/people');
  const card = signedIn.getByRole('listitem').filter({ hasText: username });
  await card.getByRole('button', { name: 'Sửa quen' }).tap();
  await card.getByRole('button', { name: 'Đặt lại mật khẩu' }).tap();
  const link = await card.getByRole('status').locator('code').innerText();

  await page.goto(link);
  await inspect(page);
  await page.getByLabel('Mật khẩu mới').fill('mot cau khac de nho');
  await page.getByRole('button', { name: 'Lưu mật khẩu mới' }).tap();
  await page.getByRole('button', { name: 'Đăng nhập' }).tap();
  await page.getByLabel('Tên đăng nhập').fill(username);
  await page.getByLabel('Mật khẩu', { exact: true }).fill('mot cau khac de nho');
  await page.getByRole('button', { name: 'Đăng nhập' }).tap();
  await expect(page.getByRole('link', { name: 'Cài đặt' })).toBeVisible();

  await page.goto(`${link.split('#')[0]}?again#${link.split('#')[1]}`);
  await page.getByLabel('Mật khẩu mới').fill('mot cau khac nua');
  await page.getByRole('button', { name: 'Lưu mật khẩu mới' }).tap();
  await expect(page.getByRole('alert')).toContainText('Liên kết không dùng được.');
  await page.context().close();
});

test('who is locked out is signed out where they are', async ({ signedIn, browser, commune }) => {
  const page = await invited(signedIn, browser, commune, 'Biên tập', 'khoa');
  await signedIn.goto('/people');
  await signedIn.getByRole('button', { name: 'Sửa khoa' }).tap();
  await inspect(signedIn);
  await signedIn.getByRole('button', { name: 'Khoá tài khoản' }).tap();
  await signedIn.getByRole('dialog').getByRole('button', { name: 'Khoá tài khoản' }).tap();
  await expect(signedIn.getByRole('listitem').filter({ hasText: /khoa-/ })).toContainText('Đã khoá');
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
