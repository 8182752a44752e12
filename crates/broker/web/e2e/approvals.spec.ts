// Duyệt: an editor's bulletin waits until a leader has heard it; returned with a reason, handed in again, approved, put into the programme.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, type BrowserContext, request } from '@playwright/test';
import { addDays, localDay } from '../src/lib/state/timetable';
import { Hamlet, USER } from './support/commune';
import { beeps, wav } from './support/sound';
import { expect, test } from './support/test';

const HAMLET = '31699-01';

/** A person with a role in the commune, signed in by the invitation. */
async function invited(browser: Browser, url: string, admin: BrowserContext, username: string, name: string, role: string) {
  const grants = [{ role, area: '31699' }];
  const invitation = await admin.request.post(`${url}/api/v1/people/invitations`, { data: { grants }, headers: { origin: url } });
  const token = ((await invitation.json()) as { url: string }).url.split('#')[1];
  const context = await browser.newContext({ baseURL: url });
  const data = { token, username, display_name: name, password: 'mua nang hai mua' };
  const accepted = await context.request.post('/api/v1/invitations/accept', { data, headers: { origin: url } });
  expect(accepted.status(), await accepted.text()).toBe(201);
  return context.newPage();
}

test('a leader hears what an editor made, returns it with the reason, approves it the second time, and it is planned', async ({
  browser,
  newBroker: { url, setupLink },
}) => {
  const admin = await browser.newContext({ baseURL: url });
  const post = async <T>(path: string, data?: object): Promise<T> => {
    const answer = await admin.request.post(`/api/v1${path}`, { data, headers: { origin: url } });
    expect(answer.ok(), `${path}: ${await answer.text()}`).toBe(true);
    return answer.json();
  };
  await post('/setup', { token: setupLink.split('#')[1], ...USER });
  await post('/areas', { code: '94', name: 'Sóc Trăng' });
  // Tests run at night too.
  const hours = Array.from({ length: 7 }, () => [{ from: '00:00', to: '24:00' }]);
  const set = await admin.request.put('/api/v1/areas/94/policy', { data: { hours }, headers: { origin: url } });
  expect(set.ok()).toBe(true);
  await post('/areas', { code: '31699', name: 'Đại Ân 2', parent: '94' });
  const place = mkdtempSync(join(tmpdir(), 'loa-e2e-'));
  for (const [code, name] of [
    [HAMLET, 'Ấp Chợ'],
    ['31699-02', 'Ấp Tầm Vu'],
  ] as const) {
    await post('/areas', { code, name, parent: '31699' });
    const node = await post<{ id: string }>('/nodes', { hamlet: code, name: `Cụm loa ${name}` });
    await new Hamlet(name, node.id, place).enrol(await post(`/nodes/${node.id}/claims`));
  }
  const editor = await invited(browser, url, admin, 'bien-tap', 'Trần Văn Biên', 'editor');
  const leader = await invited(browser, url, admin, 'chu-tich', 'Lê Thị Chủ', 'approver');

  // Written by the editor, who can't put it on air alone.
  await editor.goto('/');
  await editor.getByRole('radio', { name: 'Tải tệp', exact: true }).tap();
  await editor.getByLabel(/Chọn tệp/).setInputFiles({ name: 'hop-dan.wav', mimeType: 'audio/wav', buffer: wav(beeps(660, 2)) });
  await editor.getByLabel('Tên bản tin').fill('Họp dân ấp Chợ');
  await editor.getByRole('checkbox', { name: /^Ấp Chợ/ }).tap();
  await expect(editor.getByRole('button', { name: 'Nghe', exact: true })).toBeVisible();
  await editor.getByRole('button', { name: 'Phát ngay', exact: true }).tap();
  await expect(editor.getByRole('alert').filter({ hasText: 'chưa được duyệt' })).toBeVisible();
  await editor.getByRole('button', { name: 'Gửi duyệt' }).tap();
  await expect(editor.getByRole('heading', { name: 'Duyệt bản tin' })).toBeVisible();
  const mine = editor.getByRole('listitem').filter({ hasText: 'Họp dân ấp Chợ' });
  await expect(mine).toContainText('Chờ duyệt');

  // Heard by the leader: these very bytes.
  await leader.goto('/approvals');
  const card = leader.getByRole('listitem').filter({ hasText: 'Họp dân ấp Chợ' });
  await expect(card).toContainText('Trần Văn Biên soạn');
  await expect(card).toContainText('Ấp Chợ');
  const heard = leader.waitForResponse((answer) => answer.url().includes('/api/v1/clips/'));
  await card.getByRole('button', { name: 'Nghe', exact: true }).tap();
  expect((await heard).ok()).toBe(true);
  await card.getByRole('button', { name: 'Trả lại' }).tap();
  await leader.getByLabel('Lý do').fill('Thiếu giờ họp.');
  await leader.getByRole('dialog').getByRole('button', { name: 'Trả lại' }).tap();
  await expect(leader.getByText('Không có bản tin nào chờ duyệt.')).toBeVisible();

  // The editor sees why, without a reload.
  await expect(mine).toContainText('Bị trả lại');
  await expect(mine).toContainText('Lý do: Thiếu giờ họp.');
  const api = await request.newContext({
    baseURL: url,
    storageState: await editor.context().storageState(),
    extraHTTPHeaders: { origin: url },
  });
  const [bulletin] = (await (await api.get('/api/v1/bulletins')).json()) as { id: string }[];
  expect((await api.post(`/api/v1/bulletins/${bulletin?.id}/submit`, { data: { areas: [HAMLET] } })).ok()).toBe(true);
  await card.getByRole('button', { name: 'Duyệt', exact: true }).tap();
  await expect(leader.getByText('Không có bản tin nào chờ duyệt.')).toBeVisible();
  await expect(card).toContainText('Đã duyệt');

  await expect(mine).toContainText('Đã duyệt');
  await mine.getByRole('link', { name: 'Chọn giờ phát' }).tap();
  await editor.getByRole('radio', { name: 'Một lần' }).check();
  await editor.getByLabel('Ngày phát').fill(addDays(localDay(Date.now()), 1));
  await editor.getByLabel('Giờ phát 1').fill('06:10');
  await editor.getByRole('button', { name: 'Lưu lịch phát' }).tap();
  await expect(editor.locator('[data-day]').nth(1)).toContainText('Họp dân ấp Chợ');
  for (const context of [admin, editor.context(), leader.context()]) await context.close();
  await api.dispose();
  rmSync(place, { recursive: true });
});
