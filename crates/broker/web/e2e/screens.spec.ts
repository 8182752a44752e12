// Every screen and every dialog, in the states an official sees them in, is looked over by the rules of `inspect`.

import { inspect } from './support/inspect';
import { choose, chooseFile, playNow, row, source, stopEverything, tab, uploadSound } from './support/phone';
import { beeps, wav } from './support/sound';
import { System } from './support/system';
import { expect, test } from './support/test';

const LONG =
  'Kính mời toàn thể bà con ấp Ngan Rô 1 và Ngan Rô 2 đến trụ sở UBND xã lúc 7h30 ngày 5/12 để nhận tiền hỗ trợ 1.500.000 đồng.';

test.describe('for strangers', () => {
  test('set-up: the form, a refusal, a link without its code, and a server that is set up', async ({
    browser,
    newBroker,
    commune,
  }) => {
    const page = await browser.newPage();
    await page.goto(newBroker.setupLink);
    await page.getByLabel('Họ và tên').fill('Nguyễn Thị Mai');
    await inspect(page);
    await page.getByLabel('Tên đăng nhập').fill('mai');
    await page.getByLabel('Mật khẩu').fill('0123456789');
    await page.getByRole('button', { name: 'Tạo tài khoản' }).tap();
    await expect(page.getByRole('alert')).toBeVisible();
    await inspect(page);
    await page.goto(`${newBroker.url}/setup?again`);
    await expect(page.getByText('Liên kết thiết lập bị thiếu mã.')).toBeVisible();
    await inspect(page);
    await page.goto(`${newBroker.url}/`);
    await expect(page.getByText('Máy chủ chưa có người quản trị.')).toBeVisible();
    await inspect(page);
    await page.goto(`${commune.broker.url}/setup#used`);
    await expect(page.getByText('Máy chủ này đã được thiết lập.')).toBeVisible();
    await inspect(page);
    await page.close();
  });

  test('signing in, with a wrong password and in English', async ({ stranger: page }) => {
    await page.goto('/');
    await page.getByLabel('Tên đăng nhập').fill('ai đó');
    await page.getByLabel('Mật khẩu').fill('sai mật khẩu');
    await page.getByRole('button', { name: 'Hiện' }).tap();
    await page.getByRole('button', { name: 'Đăng nhập' }).tap();
    await expect(page.getByRole('alert')).toBeVisible();
    await inspect(page);
    await page.getByRole('radio', { name: 'English' }).tap();
    await expect(page.getByRole('button', { name: 'Sign in' })).toBeVisible();
    await inspect(page);
  });
});

test.describe('making a bulletin', () => {
  test('empty, and with what is missing', async ({ signedIn: page }) => {
    await inspect(page);
    await playNow(page);
    await expect(page.getByRole('alert').filter({ hasText: 'Chưa có nội dung' })).toBeVisible();
    await inspect(page);
  });

  test('a text with its reading, its voices, its preview and the chosen hamlets', async ({ signedIn: page }) => {
    await page.getByLabel('Nội dung cần phát').fill(LONG);
    await page.getByText('Giọng đọc').first().tap();
    await expect(page.getByRole('heading', { name: 'Loa sẽ đọc' })).toBeVisible();
    await page.getByRole('button', { name: 'Nghe thử' }).tap();
    await expect(page.getByRole('slider', { name: 'Vị trí nghe' })).toBeVisible();
    await choose(page, 'Ấp Chợ', 'Ấp Ngan Rô 1');
    await inspect(page);
  });

  test('recording: before, during and after', async ({ signedIn: page }) => {
    await source(page, 'Ghi âm');
    await expect(page.getByRole('button', { name: 'Bắt đầu ghi âm' })).toBeVisible();
    await inspect(page);
    await page.getByRole('button', { name: 'Bắt đầu ghi âm' }).tap();
    await expect(page.getByText('0:01')).toBeVisible();
    await inspect(page);
    await page.getByRole('button', { name: 'Dừng ghi âm' }).tap();
    await expect(page.getByRole('button', { name: 'Ghi lại từ đầu' })).toBeVisible();
    await inspect(page);
  });

  test('a file: none, a bad one, a good one', async ({ signedIn: page }) => {
    await source(page, 'Tải tệp');
    await expect(page.getByLabel('Chọn tệp')).toBeAttached();
    await inspect(page);
    await chooseFile(page, 'rỗng.mp3', Buffer.alloc(0));
    await expect(page.getByRole('alert').filter({ hasText: 'Mã lỗi' })).toBeVisible();
    await inspect(page);
    await uploadSound(
      page,
      'một tên tệp rất dài không có chỗ ngắt-0123456789012345678901234567890123456789.wav',
      wav(beeps(660, 1)),
    );
    await inspect(page);
  });

  test('the question before an emergency', async ({ signedIn: page }) => {
    await page.getByLabel('Nội dung cần phát').fill(LONG);
    await choose(page, 'Ấp Chợ', 'Ấp Ngan Rô 1', 'Ấp Ngan Rô 2', 'Ấp Lâm Dồ');
    await page.getByRole('radio', { name: 'Khẩn cấp' }).tap();
    await expect(page.getByRole('heading', { name: 'Loa sẽ đọc' })).toBeVisible();
    await inspect(page);
    await page.getByRole('button', { name: 'Phát khẩn cấp ngay' }).tap();
    await expect(page.getByRole('dialog')).toBeVisible();
    await inspect(page);
  });
});

test('in English: making a bulletin, the nodes, a node, the history', async ({ signedIn: page }) => {
  await page.getByRole('link', { name: 'Cài đặt' }).tap();
  await page.getByRole('radio', { name: 'English' }).tap();
  await page.getByRole('link', { name: 'Broadcast', exact: true }).tap();
  await expect(page.getByRole('button', { name: 'Broadcast now' })).toBeVisible();
  await inspect(page);
  await page.getByRole('link', { name: 'Nodes' }).tap();
  await expect(page.getByText('5 of 5 nodes ready')).toBeVisible();
  await inspect(page);
  await row(page, 'Ấp Chợ').getByRole('link').tap();
  await expect(page.getByText('Ready')).toBeVisible();
  await inspect(page);
  await page.getByRole('link', { name: 'History' }).tap();
  await expect(page.getByRole('heading', { name: 'History' })).toBeVisible();
  await inspect(page);
});

test('a broadcast while it plays, on its page and on others, while it is stopped, and afterwards', async ({ signedIn: page }) => {
  await uploadSound(page, 'dài.wav', wav(beeps(660, 60)));
  await choose(page, 'Ấp Chợ', 'Ấp Ngan Rô 1', 'Ấp Lâm Dồ');
  await playNow(page);
  await expect(row(page, 'Ấp Chợ')).toContainText('Đang phát');
  await inspect(page);
  const broadcast = page.url();
  await tab(page, 'Phát');
  await expect(page.getByRole('link', { name: /Đang phát ở 3 ấp/ })).toBeVisible();
  await inspect(page);
  await tab(page, 'Cụm loa');
  await row(page, 'Ấp Chợ').getByRole('link').tap();
  await expect(page.getByText('Đang phát: dài')).toBeVisible();
  await inspect(page);
  await stopEverything(page);
  await expect(page.getByText('Đã im: cả 3 nơi')).toBeVisible();
  await inspect(page);
  await page.goto(broadcast);
  await expect(page.getByText('Đã dừng; phát trọn ở 0/3 nơi')).toBeVisible();
  await inspect(page);
});

test('nodes: the list, one that is lost, the question before revoking, a new one with its code', async ({
  signedIn: page,
  commune,
}) => {
  const hamlet = commune.hamlet('Ấp Lâm Dồ');
  await hamlet.kill();
  await tab(page, 'Cụm loa');
  await expect(page.getByText('4/5 cụm loa sẵn sàng')).toBeVisible();
  await inspect(page);
  await row(page, hamlet.name).getByRole('link').tap();
  await expect(page.getByText('Mất kết nối')).toBeVisible();
  await page.getByText('Lắp máy mới cho cụm loa này').tap();
  await inspect(page);
  await page.getByRole('button', { name: 'Thu hồi cụm loa' }).tap();
  await expect(page.getByRole('dialog')).toBeVisible();
  await inspect(page);
  await page.getByRole('dialog').getByRole('button', { name: 'Không, quay lại' }).tap();
  hamlet.start();

  await tab(page, 'Cụm loa');
  await page.getByRole('link', { name: 'Thêm cụm loa' }).tap();
  await expect(page.getByLabel('Đặt ở ấp')).toBeVisible();
  await inspect(page);
  await page.getByLabel('Đặt ở ấp').selectOption('Ấp Tầm Vu');
  await page.getByRole('button', { name: 'Thêm và lấy mã' }).tap();
  await expect(page.getByText('Đang chờ cụm loa kết nối…')).toBeVisible();
  await page.getByText('Địa chỉ và dấu vân tay máy chủ').tap();
  await inspect(page);
});

test('the history, the settings, an address that leads nowhere, and a phone without a network', async ({ signedIn: page }) => {
  await uploadSound(page, 'thử.wav', wav(beeps(660, 1)));
  await choose(page, 'Ấp Chợ');
  await playNow(page);
  await expect(row(page, 'Ấp Chợ')).toContainText('Đã phát xong');
  await inspect(page);
  await tab(page, 'Lịch sử');
  await expect(page.getByRole('heading', { name: 'Hôm nay' })).toBeVisible();
  await inspect(page);
  await page.getByRole('link', { name: 'Cài đặt' }).tap();
  await expect(page.getByRole('radio', { name: 'Theo máy' })).toBeVisible();
  await inspect(page);
  await page.goto('/khong-co');
  await expect(page.getByRole('heading', { name: 'Không có trang này' })).toBeVisible();
  await inspect(page);
  await page.context().setOffline(true);
  await expect(page.getByRole('status').filter({ hasText: 'Điện thoại không có mạng.' })).toBeVisible();
  await inspect(page);
});

test('a policy: what is in force, its form with everything in it, what is wrong, and what it will refuse', async ({
  signedIn: page,
  commune,
}) => {
  const hours = Array.from({ length: 7 }, () => [{ from: '00:00', to: '24:00' }]);
  await commune.api.put('/api/v1/areas/94/policy', { data: { hours, exceedable: ['hours'] } });
  await page.goto('/policy');
  await expect(page.getByRole('button', { name: 'Đặt quy chế riêng' })).toBeVisible();
  await page.getByText('Cấp trên cho phép').tap();
  await inspect(page);
  await page.getByRole('button', { name: 'Đặt quy chế riêng' }).tap();
  await page.getByRole('radio', { name: 'Từng ngày' }).tap();
  await page.getByRole('button', { name: 'Không phát: Chủ Nhật' }).tap();
  await page.getByRole('button', { name: 'Thêm giờ: Thứ Hai' }).tap();
  await page.getByRole('button', { name: 'Thêm mức âm lượng' }).tap();
  await page.getByRole('button', { name: 'Lưu quy chế' }).tap();
  await expect(page.getByRole('alert')).toContainText('Có khung giờ chưa đúng');
  await inspect(page);
  await page.getByRole('button', { name: /^Xoá khung giờ 17:00/ }).tap();
  await page.getByRole('button', { name: 'Lưu quy chế' }).tap();
  await expect(page.getByText('Đã lưu.')).toBeVisible();
  await inspect(page);
  await page.getByRole('button', { name: 'Dùng quy chế của cấp trên' }).tap();
  await inspect(page);
  await page.getByRole('dialog').getByRole('button', { name: 'Dùng quy chế của cấp trên' }).tap();
  await expect(page.getByRole('dialog')).toBeHidden();
  await commune.api.put('/api/v1/areas/94/policy', { data: { hours } });
});

test('what came from above, its notice, its questions, and the credentials of those who send', async ({
  signedIn: page,
  commune,
}) => {
  const { id, token } = await commune.post<{ id: string; token: string }>('/sources', {
    name: 'Đài Phát thanh và Truyền hình tỉnh Sóc Trăng',
    area: '94',
  });
  const system = await System.with(commune.broker.url, token);
  const title = 'Thông báo lịch tiêm phòng dại cho chó mèo năm 2026';
  const common = {
    title,
    text: 'Kính mời bà con.',
    areas: ['31699'],
    expires_at: new Date(Date.now() + 86_400_000).toISOString(),
  };
  const { id: item } = await system.send({ ...common, reference: '1', class: 'normal' }, wav(beeps(660, 1)));
  await expect(page.getByRole('link', { name: /bản tin từ cấp trên chờ quyết định/ })).toBeVisible();
  await inspect(page);
  await page.goto('/inbox');
  await page.getByText('Nghe và đọc nội dung').first().tap();
  await page.getByText('Nguồn được gửi tới đây').tap();
  await page.getByLabel('Tên nguồn').fill('VTV');
  await page.getByRole('button', { name: 'Thêm và lấy mã' }).tap();
  await expect(page.getByText('Mã bí mật của VTV.')).toBeVisible();
  await inspect(page);
  for (const question of ['Phát ngay', 'Từ chối', 'Thu hồi VTV']) {
    await page.getByRole('button', { name: question, exact: true }).first().tap();
    await expect(page.getByRole('dialog')).toBeVisible();
    await inspect(page);
    await page.getByRole('dialog').getByRole('button', { name: 'Không, quay lại' }).tap();
  }
  await commune.api.post(`/api/v1/inbox/${item}/decline`, { data: { remark: 'đã phát rồi' } });
  await expect(
    page
      .getByText(/Đã từ chối.*lý do: đã phát rồi/)
      .or(page.getByText('đã phát rồi'))
      .first(),
  ).toBeVisible();
  await inspect(page);
  await system.close();
  await commune.api.delete(`/api/v1/sources/${id}`);
});

test('a monthly report with its files and calendar addresses', async ({ signedIn: page }) => {
  await uploadSound(page, 'thử.wav', wav(beeps(660, 1)));
  await choose(page, 'Ấp Chợ', 'Ấp Ngan Rô 1');
  await playNow(page);
  await expect(row(page, 'Ấp Ngan Rô 1')).toContainText('Đã phát xong');
  await page.goto('/report');
  await expect(page.getByRole('table')).toContainText('Tổng cộng');
  await page.getByRole('button', { name: 'Tạo địa chỉ lịch' }).tap();
  await expect(page.getByText('Địa chỉ lịch của Đại Ân 2.')).toBeVisible();
  await inspect(page);
  await page
    .getByRole('button', { name: /^Huỷ địa chỉ lịch/ })
    .first()
    .tap();
  await inspect(page);
});

test('while everything is stopped: the panel, the nodes, a node, a refused broadcast, and the question before releasing', async ({
  signedIn: page,
}) => {
  await stopEverything(page);
  await expect(page.getByText('Đang giữ im: Sóc Trăng.')).toBeVisible();
  await inspect(page);
  await page.getByRole('button', { name: 'Đóng' }).tap();
  await tab(page, 'Cụm loa');
  await expect(row(page, 'Ấp Chợ')).toContainText('Đang dừng');
  await inspect(page);
  await row(page, 'Ấp Chợ').getByRole('link').tap();
  await expect(page.getByText('Chạm Mở lại ở đầu trang')).toBeVisible();
  await inspect(page);
  await tab(page, 'Phát');
  await uploadSound(page, 'thử.wav', wav(beeps(660, 1)));
  await choose(page, 'Ấp Chợ');
  await playNow(page);
  await expect(page.getByRole('button', { name: 'Mở lại và phát' })).toBeVisible();
  await inspect(page);
  await page.getByRole('button', { name: 'Mở lại Sóc Trăng' }).tap();
  await expect(page.getByRole('dialog')).toBeVisible();
  await inspect(page);
});

test('the programme: an empty week, the form with what is missing, forbidden and doubtful, the question, a week, today', async ({
  signedIn: page,
  commune,
}) => {
  const policy = '/api/v1/areas/31699/policy';
  const hours = Array.from({ length: 7 }, () => [{ from: '04:00', to: '21:00' }]);
  expect((await commune.api.put(policy, { data: { hours, ceilings: [], exceedable: [], exceeders: [] } })).ok()).toBe(true);
  await tab(page, 'Chương trình');
  // Other tests may have left something in this week.
  await page.getByRole('button', { name: 'Tuần sau' }).tap();
  await expect(page.getByText('Tuần này chưa có lượt phát nào ở Đại Ân 2.')).toBeVisible();
  await inspect(page);
  await page.getByRole('link', { name: 'Thêm lịch phát' }).tap();
  await page.getByRole('button', { name: 'Lưu lịch phát' }).tap();
  await expect(page.getByRole('alert').filter({ hasText: 'Chưa chọn' })).toBeVisible();
  await inspect(page);

  await tab(page, 'Phát');
  await uploadSound(
    page,
    'một tên tệp rất dài không có chỗ ngắt-0123456789012345678901234567890123456789.wav',
    wav(beeps(660, 1)),
  );
  await page.getByRole('checkbox', { name: /Tất cả: 5 ấp/ }).check();
  await page.getByRole('button', { name: 'Đưa vào chương trình' }).tap();
  const preview = page.getByRole('region', { name: 'Sẽ phát' });
  await page.getByRole('radio', { name: 'Hằng tháng' }).check();
  await page.getByRole('checkbox', { name: 'Ngày cuối tháng' }).check();
  await page.getByLabel('Giờ phát 1').fill('22:30');
  await page.getByText('Tuỳ chọn thêm').tap();
  await page.getByLabel('Số lần phát mỗi lượt').fill('2');
  await expect(preview).toContainText('Quy chế không cho phép');
  await inspect(page);
  await page.getByRole('radio', { name: 'Hằng ngày' }).check();
  await page.getByRole('button', { name: 'Thêm ngày không phát' }).tap();
  await page.getByLabel('Giờ phát 1').fill('04:30');
  await page.getByRole('button', { name: 'Thêm giờ' }).tap();
  await expect(preview).toContainText('Cần xem lại');
  await inspect(page);
  await page.getByRole('button', { name: 'Lưu lịch phát' }).tap();
  const question = page.getByRole('dialog', { name: 'Lưu lịch phát này?' });
  await expect(question).toBeVisible();
  await inspect(page);
  await question.getByRole('button', { name: 'Đúng, lưu' }).tap();
  const day = page.locator('[data-day]').nth(1);
  await expect(day).toContainText('04:30');
  await inspect(page);

  await page.getByRole('link', { name: 'Hôm nay' }).tap();
  await expect(page.getByRole('heading', { level: 1, name: 'Lượt phát hôm nay' })).toBeVisible();
  await page.locator('details[data-state] summary').first().tap();
  await inspect(page);
  await tab(page, 'Chương trình');
  await day.getByRole('link').first().tap();
  await page.getByRole('button', { name: 'Xoá khỏi chương trình' }).tap();
  await expect(page.getByRole('dialog')).toBeVisible();
  await inspect(page);
  await page.getByRole('dialog').getByRole('button', { name: 'Xoá lịch phát' }).tap();
  await expect(page).toHaveURL(/\/programme$/);
  await commune.api.delete(policy);
});
