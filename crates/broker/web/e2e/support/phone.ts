// What an official does with the thumb, in the words of the page.
import { expect, type Locator, type Page } from '@playwright/test';
import type { Broadcast } from '../../src/lib/api/types';
import type { Commune, HamletName } from './commune';

export async function choose(page: Page, ...hamlets: HamletName[]): Promise<void> {
  for (const name of hamlets) {
    const tick = page.getByRole('checkbox', { name, exact: true });
    await tick.tap();
    await expect(tick).toBeChecked();
  }
}

export const playNow = (page: Page): Promise<void> => page.getByRole('button', { name: 'Phát ngay', exact: true }).tap();
export const stopEverything = (page: Page): Promise<void> => page.getByRole('button', { name: 'Dừng tất cả' }).tap();
export const tab = (page: Page, name: 'Phát' | 'Chương trình' | 'Cụm loa' | 'Lịch sử'): Promise<void> =>
  page
    .getByRole('navigation')
    .getByRole('link', { name: new RegExp(`^${name}( |$)`) })
    .tap();

/** The place of a broadcast, or the node of the list, that says this name. */
export const row = (page: Page, name: HamletName): Locator => page.getByRole('listitem').filter({ hasText: name });

export const source = (page: Page, name: 'Gõ chữ' | 'Ghi âm' | 'Tải tệp'): Promise<void> =>
  page.getByRole('radio', { name, exact: true }).tap();

export async function chooseFile(page: Page, name: string, bytes: Buffer): Promise<void> {
  await source(page, 'Tải tệp');
  await page.getByLabel(/Chọn tệp/).setInputFiles({ name, mimeType: 'audio/wav', buffer: bytes });
}

/** A file that is a sound, until it can be listened to. */
export async function uploadSound(page: Page, name: string, bytes: Buffer): Promise<void> {
  await chooseFile(page, name, bytes);
  await expect(page.getByText(name)).toBeVisible();
  await expect(page.getByRole('button', { name: 'Nghe', exact: true })).toBeVisible();
}

/** The broadcast that the page shows. */
export async function shownBroadcast(page: Page, commune: Commune): Promise<Broadcast> {
  await expect(page).toHaveURL(/\/broadcasts\/\w/);
  return commune.get(new URL(page.url()).pathname);
}

/** Keeps every status that a place has shown from now on; gives them by place. */
export async function watchPlaces(page: Page): Promise<() => Promise<Record<string, string[]>>> {
  await page.evaluate(() => {
    const seen: Record<string, string[]> = {};
    const look = () => {
      for (const place of document.querySelectorAll<HTMLElement>('li[data-status]')) {
        const name = place.querySelector('.name')?.textContent ?? '';
        const status = place.dataset['status'] ?? '';
        seen[name] ??= [];
        if (seen[name].at(-1) !== status) seen[name].push(status);
      }
    };
    new MutationObserver(look).observe(document.body, { subtree: true, childList: true, attributes: true });
    Object.assign(window, { seenPlaces: seen });
  });
  return () => page.evaluate(() => (window as unknown as { seenPlaces: Record<string, string[]> }).seenPlaces);
}

/** Keeps what the page sends there on its way until it is released. */
export async function hold(page: Page, address: string): Promise<() => void> {
  let release = () => {};
  const released = new Promise<void>((done) => {
    release = done;
  });
  await page.route(address, async (route) => {
    if (route.request().method() === 'POST') await released;
    await route.continue();
  });
  return release;
}
