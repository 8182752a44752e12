// What the first visit costs, counted by the browser as it comes over the wire: compressed, with headers.
import type { Page } from '@playwright/test';
import { expect, test } from './support/test';

/** product.md: the first page on a phone. */
const BAR_BYTES = 100_000;

/** Counts every answer from now on. */
async function count(page: Page): Promise<() => { total: number; list: string }> {
  const wire = await page.context().newCDPSession(page);
  const answers = new Map<string, { url: string; bytes: number }>();
  await wire.send('Network.enable');
  wire.on('Network.responseReceived', ({ requestId, response }) => {
    answers.set(requestId, { url: response.url, bytes: response.encodedDataLength });
  });
  wire.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
    const answer = answers.get(requestId);
    if (answer) answer.bytes = encodedDataLength;
  });
  return () => {
    const all = [...answers.values()];
    return {
      total: all.reduce((sum, { bytes }) => sum + bytes, 0),
      list: all.map(({ url, bytes }) => `${bytes} ${new URL(url).pathname}`).join('\n'),
    };
  };
}

test('the first page, ready to be used by someone who is signed in, takes at most 100 kB', async ({ browser, commune }) => {
  const context = await browser.newContext({ storageState: commune.session, baseURL: commune.broker.url });
  const page = await context.newPage();
  const counted = await count(page);
  await page.goto('/', { waitUntil: 'load' });
  await expect(page.getByRole('group', { name: 'Phát tới' })).toBeVisible();
  await page.evaluate(() => document.fonts.ready);
  const { total, list } = counted();
  expect(list).toMatch(/\.woff/);
  expect(list).toMatch(/\/api\/v1\/nodes/);
  expect(total, list).toBeLessThanOrEqual(BAR_BYTES);
  expect(total).toBeGreaterThan(20_000);
  await context.close();
});

test('the sign-in page takes at most 100 kB', async ({ stranger: page }) => {
  const counted = await count(page);
  await page.goto('/', { waitUntil: 'load' });
  await expect(page.getByRole('button', { name: 'Đăng nhập' })).toBeVisible();
  await page.evaluate(() => document.fonts.ready);
  const { total, list } = counted();
  expect(total, list).toBeLessThanOrEqual(BAR_BYTES);
  expect(total).toBeGreaterThan(20_000);
});

test('a script is the same, compressed beforehand for browsers that take it and plain for others', async ({
  request,
  commune,
}) => {
  const index = await (await request.get(commune.broker.url)).text();
  const script = new URL(/src="([^"]+\.js)"/.exec(index)?.[1] ?? '', commune.broker.url).href;
  const answer = async (encoding: string) => await request.get(script, { headers: { 'accept-encoding': encoding } });
  const [brotli, plain] = [await answer('gzip, br'), await answer('identity')];
  expect(brotli.headers()['content-encoding']).toBe('br');
  expect(plain.headers()['content-encoding']).toBeUndefined();
  expect(brotli.headers()['vary']).toContain('accept-encoding');
  expect(await brotli.body()).toEqual(await plain.body());
  expect((await plain.body()).length).toBeGreaterThan(50_000);
});
