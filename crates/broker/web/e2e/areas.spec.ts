// A server that knows no place yet: whoever set it up adds province, commune and hamlets on the phone, and can then place a loudspeaker.
import { USER } from './support/commune';
import { inspect } from './support/inspect';
import { tab } from './support/phone';
import { expect, test } from './support/test';

test('on a new server the areas are added on the page, and loudspeakers find their hamlet', async ({ browser, newBroker }) => {
  const page = await browser.newPage();
  await page.goto(newBroker.setupLink);
  await page.getByLabel('Họ và tên').fill(USER.display_name);
  await page.getByLabel('Tên đăng nhập').fill(USER.username);
  await page.getByLabel('Mật khẩu').fill(USER.password);
  await page.getByRole('button', { name: 'Tạo tài khoản' }).tap();

  await tab(page, 'Cụm loa');
  await page.getByRole('link', { name: 'Thêm cụm loa' }).tap();
  await expect(page.getByText('Chưa có ấp nào.')).toBeVisible();
  await inspect(page);
  await tab(page, 'Phát');
  await page.getByRole('link', { name: 'Thêm địa bàn' }).tap();
  await expect(page.getByText('Chưa có địa bàn nào.')).toBeVisible();
  await inspect(page);

  const add = async (name: string, code?: string) => {
    await page.getByLabel('Tên', { exact: true }).fill(name);
    if (code) await page.getByLabel('Mã', { exact: true }).fill(code);
    await page.getByRole('button', { name: 'Thêm', exact: true }).tap();
  };
  await add('Cần Thơ', '9');
  await expect(page.getByLabel('Mã', { exact: true })).toHaveAttribute('aria-invalid', 'true');
  await add('Cần Thơ', '92');
  await expect(page.getByText('Đã thêm Cần Thơ.')).toBeVisible();
  await add('Đại Ân', '31699');
  await expect(page.getByText('Thuộc Đại Ân')).toBeVisible();
  await add('Ấp Chợ');
  await expect(page.getByText('Ấp · 31699-01')).toBeVisible();
  await add('Ấp Tầm Vu');
  await expect(page.getByText('Ấp · 31699-02')).toBeVisible();
  await add('Ấp khác', '31699-02');
  await expect(page.getByRole('alert')).toContainText('Đã có rồi.');
  await inspect(page);

  await page.getByRole('button', { name: 'Đổi tên Đại Ân' }).tap();
  await page.getByLabel('Tên mới của Đại Ân').fill('Đại Ân 2');
  await inspect(page);
  await page.getByRole('button', { name: 'Lưu' }).tap();
  await expect(page.getByRole('button', { name: 'Đổi tên Đại Ân 2' })).toBeVisible();

  await page.getByRole('link', { name: 'Thêm cụm loa' }).tap();
  await page.getByLabel('Đặt ở ấp').selectOption({ label: 'Ấp Tầm Vu' });
  await page.getByRole('button', { name: 'Thêm và lấy mã' }).tap();
  await expect(page.getByText('Đã thêm Ấp Tầm Vu ở Ấp Tầm Vu.')).toBeVisible();
  await tab(page, 'Phát');
  await expect(page.getByRole('group', { name: 'Phát tới' })).toContainText('Ấp Chợ');
  await page.context().close();
});
