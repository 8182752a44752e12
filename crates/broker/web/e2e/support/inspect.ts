// What every screen must be: without barriers (axe, WCAG 2.2 AA, in light and dark), without sideways scrolling on narrow phones or with
// letters twice as large, and with everything that can be tapped large enough for a thumb.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { expect, type Page } from '@playwright/test';
import type { AxeResults } from 'axe-core';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
const THUMB_PX = 44;
const HEIGHT = 740;

async function barriers(page: Page): Promise<string[]> {
  // All of the screen at once: what lies below a bar until it is scrolled to is not out of reach.
  const height = await page.evaluate(() => document.documentElement.scrollHeight);
  await page.setViewportSize({ width: 360, height: Math.max(HEIGHT, height) });
  // By the debugger, past the page's Content-Security-Policy.
  await page.evaluate(AXE);
  const found = await page.evaluate(
    (tags) => (window as unknown as { axe: { run(options: object): Promise<AxeResults> } }).axe.run({ runOnly: tags }),
    TAGS,
  );
  return found.violations.flatMap((rule) =>
    rule.nodes.map((node) => `${rule.id}: ${node.target.join(' ')}: ${node.failureSummary}`),
  );
}

/** What can be tapped and is smaller than a thumb. A control in a label is as large as the label. */
const small = (page: Page) =>
  page.evaluate((least) => {
    const targets = document.querySelectorAll<HTMLElement>('a[href], button, input, select, textarea, summary');
    return [...targets].flatMap((target) => {
      const box = (target.closest('label') ?? target).getBoundingClientRect();
      if (!target.checkVisibility({ visibilityProperty: true }) || (box.width >= least && box.height >= least)) return [];
      return [`${target.outerHTML.slice(0, 80)} is ${Math.round(box.width)} by ${Math.round(box.height)}`];
    });
  }, THUMB_PX);

/** How far it scrolls sideways, what reaches out of it, and text that doesn't fit into its box. */
const overflow = (page: Page) =>
  page.evaluate(() => {
    const width = document.documentElement.clientWidth;
    const wide = document.documentElement.scrollWidth;
    const parts = [...document.querySelectorAll<HTMLElement>('main *, header *, .dock *, .playbar *, dialog *')];
    const cut = parts.filter((part) => {
      if (!part.checkVisibility({ visibilityProperty: true }) || part.closest('.hidden, option, audio')) return false;
      const box = part.getBoundingClientRect();
      const reachesOut = box.width > 0 && (box.right > width + 1 || box.left < -1);
      const isText = [...part.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.textContent?.trim());
      const isCut = isText && part.clientWidth > 0 && part.scrollWidth > part.clientWidth + 1;
      return reachesOut || (isCut && getComputedStyle(part).textOverflow !== 'ellipsis');
    });
    const scrolls = wide > width ? [`the page is ${wide} wide`] : [];
    return [...scrolls, ...cut.map((part) => part.outerHTML.slice(0, 120))];
  });

export async function inspect(page: Page): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    await expect(page.locator('html')).toHaveAttribute('data-theme', colorScheme);
    expect(await barriers(page), colorScheme).toEqual([]);
  }
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize({ width: 360, height: HEIGHT });
  expect(await small(page)).toEqual([]);
  for (const [width, letters] of [
    [360, 1],
    [320, 1],
    [360, 2],
  ] as const) {
    await page.setViewportSize({ width, height: HEIGHT });
    await page.evaluate((times) => {
      const { style } = document.documentElement;
      style.fontSize = '';
      style.fontSize = `${times * Number.parseFloat(getComputedStyle(document.documentElement).fontSize)}px`;
    }, letters);
    expect(await overflow(page), `${width} px wide, letters ${letters} times as large`).toEqual([]);
  }
  await page.evaluate(() => document.documentElement.style.removeProperty('font-size'));
  await page.setViewportSize({ width: 360, height: HEIGHT });
}
