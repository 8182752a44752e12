// Quy chế: an official sets a commune's hours on the phone; what is forbidden is refused in words.
import type { AreaPolicy } from '../src/lib/api/types';
import { choose, playNow, row, uploadSound } from './support/phone';
import { beeps, wav } from './support/sound';
import { expect, test } from './support/test';

const POLICY = '/api/v1/areas/31699/policy';
const PROVINCE = '/api/v1/areas/94/policy';
const ALWAYS = Array.from({ length: 7 }, () => [{ from: '00:00', to: '24:00' }]);

test.afterEach(async ({ commune }) => {
  await commune.api.delete(POLICY);
  await commune.api.put(PROVINCE, { data: { hours: ALWAYS } });
});

test('hours are set for some days and copied to others, and what is in force is read in words', async ({
  signedIn: page,
  commune,
}) => {
  await commune.api.put(PROVINCE, { data: { hours: ALWAYS, exceedable: ['hours'] } });
  await page.goto('/policy');
  await expect(page.getByLabel('Địa bàn')).toHaveValue('31699');
  await expect(page.getByText('Chưa có quy chế riêng: theo cấp trên.')).toBeVisible();
  await page.getByRole('button', { name: 'Đặt quy chế riêng' }).tap();
  await page.getByRole('radio', { name: 'Từng ngày' }).tap();
  const day = (name: string) => page.getByRole('group', { name, exact: true });
  await day('Thứ Hai').getByLabel('Từ').fill('05:00');
  await day('Thứ Hai').getByLabel('Đến').fill('06:30');
  for (const [from, to] of [
    ['Thứ Hai', 'Thứ Ba'],
    ['Thứ Ba', 'Thứ Tư'],
    ['Thứ Tư', 'Thứ Năm'],
    ['Thứ Năm', 'Thứ Sáu'],
  ]) {
    await page.getByRole('button', { name: `Chép ${from} sang ${to}` }).tap();
  }
  await page.getByRole('button', { name: 'Không phát: Chủ Nhật' }).tap();
  await page.getByLabel('Một buổi dài nhất (phút)').fill('30');
  await page.getByRole('button', { name: 'Thêm mức âm lượng' }).tap();
  await expect(page.getByRole('checkbox', { name: 'To hơn mức tối đa' })).toBeDisabled();
  await expect(page.getByRole('checkbox', { name: 'Phát ngoài giờ' })).toBeChecked();
  const exceeding = page.getByRole('group', { name: 'Được phép vượt' });
  await exceeding.getByRole('checkbox', { name: 'Nguyễn Thị Mai' }).tap();
  await page.getByRole('button', { name: 'Lưu quy chế' }).tap();
  await expect(page.getByText('Đã lưu. Lịch phát không bị ảnh hưởng.')).toBeVisible();
  await expect(page.getByText('Thứ Hai đến Thứ Sáu: 05:00–06:30').first()).toBeVisible();
  await expect(page.getByText('Chủ Nhật: không phát cả ngày').first()).toBeVisible();
  await expect(page.getByText('giờ phát: Nguyễn Thị Mai')).toBeVisible();

  const { own } = await commune.get<AreaPolicy>('/areas/31699/policy');
  expect(own?.hours[4]).toEqual([{ from: '05:00', to: '06:30' }]);
  expect(own?.hours[5]).toEqual([{ from: '00:00', to: '24:00' }]);
  expect(own?.hours[6]).toEqual([]);
  expect(own?.session_minutes).toBe(30);
  expect(own?.ceilings).toEqual([
    { from: '00:00', to: '05:00', percent: 50 },
    { from: '21:00', to: '24:00', percent: 50 },
  ]);
  expect(own?.exceeders).toHaveLength(1);

  await page.getByRole('button', { name: 'Dùng quy chế của cấp trên' }).tap();
  await page.getByRole('dialog').getByRole('button', { name: 'Dùng quy chế của cấp trên' }).tap();
  await expect(page.getByText('Chưa có quy chế riêng: theo cấp trên.')).toBeVisible();
  expect((await commune.get<AreaPolicy>('/areas/31699/policy')).own).toBeNull();
});

test('people are named who may approve their own bulletins, and stay named when something else is changed', async ({
  signedIn: page,
  commune,
}) => {
  await page.goto('/policy');
  await page.getByRole('button', { name: 'Đặt quy chế riêng' }).tap();
  const own = page.getByRole('group', { name: 'Được tự duyệt bản tin của mình' });
  await own.getByRole('checkbox', { name: 'Nguyễn Thị Mai' }).tap();
  await page.getByRole('button', { name: 'Lưu quy chế' }).tap();
  const line = page.locator('dl > div').filter({ hasText: 'Được tự duyệt bản tin của mình' });
  await expect(line.first()).toContainText('Nguyễn Thị Mai');
  const named = async () => (await commune.get<AreaPolicy>('/areas/31699/policy')).own?.own_approvers;
  const first = await named();
  expect(first).toHaveLength(1);

  await page.getByRole('button', { name: 'Sửa quy chế' }).tap();
  await page.getByLabel('Một buổi dài nhất (phút)').fill('30');
  await page.getByRole('button', { name: 'Lưu quy chế' }).tap();
  await expect(page.getByText('30 phút').first()).toBeVisible();
  expect(await named()).toEqual(first);
  await page.getByRole('button', { name: 'Sửa quy chế' }).tap();
  await own.getByRole('checkbox', { name: 'Nguyễn Thị Mai' }).tap();
  await page.getByRole('button', { name: 'Lưu quy chế' }).tap();
  await expect(page.getByText('Đã lưu.')).toBeVisible();
  expect(await named()).toEqual([]);
});

test('a policy that would allow more than the areas above is refused, and says what of it', async ({
  signedIn: page,
  commune,
}) => {
  await commune.api.put(POLICY, { data: { hours: ALWAYS, session_minutes: 20 } });
  await page.goto('/policy');
  await page.getByLabel('Địa bàn').selectOption('31699-01');
  await page.getByRole('button', { name: 'Đặt quy chế riêng' }).tap();
  await page.getByLabel('Một buổi dài nhất (phút)').fill('45');
  await page.getByRole('button', { name: 'Lưu quy chế' }).tap();
  await expect(page.getByRole('alert')).toContainText('Quy chế này rộng hơn cấp trên cho phép: thời lượng một buổi.');
  await page.getByText('Cấp trên cho phép', { exact: true }).tap();
  await expect(page.getByText('20 phút')).toBeVisible();
  await page.getByLabel('Một buổi dài nhất (phút)').fill('0');
  await page.getByRole('button', { name: 'Lưu quy chế' }).tap();
  await expect(page.getByText('Hãy ghi số phút từ 1 đến 1440, hoặc để trống.')).toBeVisible();
  await page.getByLabel('Một buổi dài nhất (phút)').fill('10');
  await page.getByRole('button', { name: 'Lưu quy chế' }).tap();
  await expect(page.getByText('Đã lưu.')).toBeVisible();
  await commune.api.delete('/api/v1/areas/31699-01/policy');
});

test('after a change the page names what of the programme will be refused', async ({ signedIn: page, commune }) => {
  const bulletin = await commune.post<{ id: string }>('/bulletins', {
    title: 'Tin sáng',
    language: 'vi',
    class: 'normal',
    text: 'Chào buổi sáng.',
  });
  const entry = await commune.post<{ id: string }>('/programme', {
    bulletin: bulletin.id,
    areas: ['31699'],
    timetable: { every: 'day', days: [], times: ['05:00'], from: '2026-01-01' },
  });
  await page.goto('/policy');
  await page.getByRole('button', { name: 'Đặt quy chế riêng' }).tap();
  await page.getByLabel('Từ', { exact: true }).fill('06:00');
  await page.getByLabel('Đến', { exact: true }).fill('20:00');
  await page.getByRole('button', { name: 'Lưu quy chế' }).tap();
  const refused = page.getByRole('status').filter({ hasText: 'Từ giờ cụm loa sẽ từ chối những lượt này:' });
  await expect(refused.getByRole('listitem').first()).toContainText(/^Tin sáng, 05:00.*: ngoài giờ được phát$/);
  await commune.api.delete(`/api/v1/programme/${entry.id}`);
});

test('a bulletin that the policy forbids now is refused in words, with the way to the policy', async ({
  signedIn: page,
  commune,
}) => {
  await commune.api.put(POLICY, { data: { hours: Array.from({ length: 7 }, () => []) } });
  await uploadSound(page, 'im lặng.wav', wav(beeps(660, 1)));
  await choose(page, 'Ấp Chợ');
  await playNow(page);
  const refusal = page.getByRole('alert').filter({ hasText: 'ngoài giờ được phép phát' });
  await expect(refusal).toContainText('Ấp Chợ');
  await expect(refusal).toContainText('hãy phát khẩn cấp');
  await page.getByRole('link', { name: 'Xem quy chế' }).tap();
  await expect(page.getByText('mọi ngày: không phát cả ngày').first()).toBeVisible();

  await commune.api.delete(POLICY);
  await page.goBack();
  await playNow(page);
  await expect(row(page, 'Ấp Chợ')).toContainText('Đã phát xong');
});
