// Who may in, and in which language they are spoken to.
import { USER } from './support/commune';
import { tab } from './support/phone';
import { expect, test } from './support/test';

test('the set-up link makes the first administrator, signs in, and works once', async ({ browser, newBroker }) => {
  const page = await browser.newPage();
  await page.goto(newBroker.setupLink);
  await expect(page.getByRole('heading', { name: 'Thiết lập lần đầu' })).toBeVisible();
  await page.getByLabel('Họ và tên').fill(USER.display_name);
  await page.getByLabel('Tên đăng nhập').fill(USER.username);
  await page.getByLabel('Mật khẩu').fill('ngắn');
  const make = page.getByRole('button', { name: 'Tạo tài khoản' });
  await make.tap();
  await expect(make).toBeVisible();
  await page.getByLabel('Mật khẩu').fill('1234567890');
  await make.tap();
  await expect(page.getByRole('alert')).toContainText('Mật khẩu này ai cũng đoán ra.');
  await page.getByLabel('Mật khẩu').fill(USER.password);
  await make.tap();
  await expect(page.getByText('Chưa có ấp nào trên máy chủ.')).toBeVisible();
  await page.getByRole('link', { name: 'Cài đặt' }).tap();
  await expect(page.getByText(USER.display_name)).toBeVisible();

  const stranger = await browser.newPage();
  await stranger.goto(newBroker.setupLink);
  await expect(stranger.getByText('Máy chủ này đã được thiết lập.')).toBeVisible();
  await page.context().close();
  await stranger.context().close();
});

test('a wrong password is said in Vietnamese, the right one lets in, signing out keeps out', async ({ stranger: page }) => {
  await page.goto('/');
  await expect(page.getByRole('heading', { name: 'Đăng nhập' })).toBeVisible();
  await page.getByLabel('Tên đăng nhập').fill(USER.username);
  await page.getByLabel('Mật khẩu').fill('không phải mật khẩu');
  const signIn = page.getByRole('button', { name: 'Đăng nhập' });
  await signIn.tap();
  await expect(page.getByRole('alert')).toContainText('Sai tên đăng nhập hoặc mật khẩu.');
  await page.getByLabel('Mật khẩu').fill(USER.password);
  await signIn.tap();
  await expect(page.getByRole('group', { name: 'Phát tới' })).toBeVisible();

  await page.getByRole('link', { name: 'Cài đặt' }).tap();
  await page.getByRole('button', { name: 'Đăng xuất' }).tap();
  await expect(signIn).toBeVisible();
  await page.reload();
  await expect(signIn).toBeVisible();
});

test('English is chosen in the settings, and stays after a reload', async ({ signedIn: page }) => {
  await expect(page.locator('html')).toHaveAttribute('lang', 'vi');
  await page.getByRole('link', { name: 'Cài đặt' }).tap();
  await page.getByRole('radio', { name: 'English' }).tap();
  await expect(page.getByRole('button', { name: 'Stop everything' })).toBeVisible();
  await expect(page.locator('html')).toHaveAttribute('lang', 'en');
  await page.reload();
  await expect(page.getByRole('heading', { name: 'Settings' })).toBeVisible();
  await page.getByRole('radio', { name: 'Tiếng Việt' }).tap();
  await tab(page, 'Phát');
  await expect(page.getByRole('button', { name: 'Phát ngay' })).toBeVisible();
});
