// What every end-to-end test starts from: a phone, and a commune of real programs that is shared by the tests of one worker. A test that
// fails ends its worker, so that none starts from what another has broken.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test as base, expect, type Page } from '@playwright/test';
import { Broker, Commune } from './commune';

interface OfTest {
  /** A page of someone who has signed in, on the first screen. */
  signedIn: Page;
  /** A page of a stranger. */
  stranger: Page;
  /** A broker that nobody has set up. */
  newBroker: Broker;
}
interface OfWorker {
  commune: Commune;
}

const folder = () => mkdtempSync(join(tmpdir(), 'loa-e2e-'));

export const test = base.extend<OfTest, OfWorker>({
  commune: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads what a fixture depends on from this pattern
    async ({}, use) => {
      const place = folder();
      const commune = await Commune.found(place);
      await use(commune);
      await commune.close();
      if (!process.env['LOA_KEEP']) rmSync(place, { recursive: true });
    },
    { scope: 'worker', timeout: 120_000 },
  ],
  signedIn: async ({ browser, commune }, use) => {
    await commune.ready();
    const context = await browser.newContext({ storageState: commune.session, baseURL: commune.broker.url });
    const page = await context.newPage();
    await page.goto('/');
    await expect(page.getByRole('group', { name: 'Phát tới' })).toBeVisible();
    await use(page);
    await context.close();
  },
  stranger: async ({ browser, commune }, use) => {
    const context = await browser.newContext({ baseURL: commune.broker.url });
    await use(await context.newPage());
    await context.close();
  },
  // biome-ignore lint/correctness/noEmptyPattern: as above
  newBroker: async ({}, use) => {
    const place = folder();
    const broker = await new Broker(place).start();
    await use(broker);
    await broker.stop();
    rmSync(place, { recursive: true });
  },
});

export { expect };
