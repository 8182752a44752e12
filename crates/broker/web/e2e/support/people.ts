// People of other roles than the official's, each with a phone of their own.
import { type Browser, expect, type Page } from '@playwright/test';
import type { Commune } from './commune';
import { inspect } from './inspect';

export const PASSWORD = 'mot mat khau de nho';

/** Invites somebody on the page, and lets them accept on a phone of their own. */
export async function invited(
  admin: Page,
  browser: Browser,
  commune: Commune,
  role: string,
  name: string,
  looks = false,
): Promise<Page> {
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
  if (looks) await inspect(page);
  await page.getByLabel('Họ và tên').fill(name);
  await page.getByLabel('Tên đăng nhập').fill(`${name}-${Date.now().toString(36)}`);
  await page.getByLabel('Mật khẩu', { exact: true }).fill(PASSWORD);
  await page.getByRole('button', { name: 'Tạo tài khoản' }).tap();
  await expect(page.getByRole('link', { name: 'Cài đặt' })).toBeVisible();
  return page;
}
