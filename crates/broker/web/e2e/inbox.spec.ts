// Từ cấp trên: a system of the province sends over HTTP with its own token, an official decides on the phone, and the system is told.
import { addDays, localDay } from '../src/lib/state/timetable';
import { row } from './support/phone';
import { beeps, heard, wav } from './support/sound';
import { System } from './support/system';
import { expect, test } from './support/test';

test('a system gets its token once, sends, and reads what became of it; revoked, it can send no more', async ({
  signedIn: page,
  commune,
}) => {
  await page.goto('/inbox');
  await page.getByText('Nguồn được gửi tới đây').tap();
  await page.getByLabel('Tên nguồn').fill('Đài tỉnh Sóc Trăng');
  await page.getByLabel('Được gửi tới').selectOption('94');
  await page.getByRole('button', { name: 'Thêm và lấy mã' }).tap();
  await expect(page.getByText('Mã bí mật của Đài tỉnh Sóc Trăng.')).toBeVisible();
  await page.getByRole('button', { name: 'Sao chép: mã bí mật' }).tap();
  const system = await System.with(commune.broker.url, await page.locator('code').innerText());

  const played = await system.send(
    { reference: 'ST-1', class: 'normal', title: 'Tiêm phòng dại', areas: ['31699-01'] },
    wav(beeps(660, 2)),
  );
  const declined = await system.send(
    { reference: 'ST-2', class: 'normal', title: 'Tin đã cũ', areas: ['31699'] },
    wav(beeps(880, 1)),
  );
  expect(played.status).toBe('waiting');

  // Without a reload: the page is told.
  const card = (title: string) => page.getByRole('listitem').filter({ has: page.getByRole('heading', { name: title }) });
  await expect(card('Tin đã cũ')).toContainText('Chờ quyết định');
  await card('Tin đã cũ').getByRole('button', { name: 'Từ chối' }).tap();
  await page.getByLabel('Lý do').fill('Xã đã phát tuần trước.');
  await page.getByRole('dialog').getByRole('button', { name: 'Từ chối' }).tap();
  await expect(card('Tin đã cũ')).toContainText('Đã từ chối');
  await expect(card('Tin đã cũ')).toContainText('lý do: Xã đã phát tuần trước.');
  expect(await system.outcome(declined.id)).toMatchObject({ status: 'declined', remark: 'Xã đã phát tuần trước.' });

  await page.getByRole('link', { name: 'Phát', exact: true }).tap();
  await page.getByRole('link', { name: '1 bản tin từ cấp trên chờ quyết định' }).tap();
  const before = commune.hamlet('Ấp Chợ').tape.length();
  await card('Tiêm phòng dại').getByRole('button', { name: 'Phát ngay' }).tap();
  await page.getByRole('dialog').getByRole('button', { name: 'Phát ngay' }).tap();
  await expect(row(page, 'Ấp Chợ')).toContainText('Đã phát xong');
  expect(heard(commune.hamlet('Ấp Chợ').tape.since(before)).seconds).toBeGreaterThan(1);
  expect((await system.outcome(played.id)).status).toBe('aired');

  await page.goto('/inbox');
  await expect(card('Tiêm phòng dại')).toContainText('Đã phát');
  await page.getByText('Nguồn được gửi tới đây').tap();
  await page.getByRole('button', { name: 'Thu hồi Đài tỉnh Sóc Trăng' }).tap();
  await page.getByRole('dialog').getByRole('button', { name: 'Thu hồi' }).tap();
  await expect(page.getByText('Chưa có nguồn nào.')).toBeVisible();
  expect((await system.outcome(played.id)).status).not.toBe('aired');
  await system.close();
});

test('a bulletin from above is given a time in the programme', async ({ signedIn: page, commune }) => {
  const { id: source, token } = await commune.post<{ id: string; token: string }>('/sources', { name: 'VTV', area: '94' });
  const system = await System.with(commune.broker.url, token);
  const expires = addDays(localDay(Date.now()), 3);
  const sent = await system.send(
    { reference: 'VTV-1', class: 'normal', title: 'Bão số 9', areas: ['31699'], expires_at: `${expires}T12:00:00+07:00` },
    wav(beeps(660, 1)),
  );
  await page.goto('/inbox');
  await page.getByRole('link', { name: 'Chọn giờ phát' }).tap();
  await expect(page).toHaveURL(new RegExp(`/programme/new\\?inbox=${sent.id}$`));
  await expect(page.getByRole('group', { name: 'Bản tin' })).toContainText('Bão số 9');
  await expect(page.locator('#expires')).toHaveValue(`${expires}T12:00`);
  const tomorrow = addDays(localDay(Date.now()), 1);
  await page.getByRole('radio', { name: 'Một lần' }).check();
  await page.getByLabel('Ngày phát').fill(tomorrow);
  await page.getByLabel('Giờ phát 1').fill('06:10');
  await page.getByRole('button', { name: 'Lưu lịch phát' }).tap();
  // The whole commune, so the page asks once more.
  await page.getByRole('dialog').getByRole('button', { name: 'Đúng, lưu' }).tap();
  await expect(page.locator('[data-day]').nth(1)).toContainText('Bão số 9');
  await page.goto('/inbox');
  await expect(page.getByRole('listitem').filter({ hasText: 'Bão số 9' })).toContainText('Đã chọn giờ');
  expect((await system.outcome(sent.id)).status).toBe('scheduled');
  await page.goto('/programme/new?inbox=no-such-item');
  await expect(page.getByText('Bản tin này không còn ở mục “Từ cấp trên”.')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Lưu lịch phát' })).toBeHidden();

  await system.close();
  for (const entry of (await commune.get<{ items: { id: string }[] }>('/programme')).items) {
    await commune.api.delete(`/api/v1/programme/${entry.id}`);
  }
  await commune.api.delete(`/api/v1/sources/${source}`);
});
