// Draws the PNG icons from public/icons/loa.svg with the Chromium of the end-to-end tests. Run by hand when the SVG changes; the results
// are committed. LOA_CHROMIUM names another browser than Debian's.
import { readFileSync, writeFileSync } from 'node:fs';
import { chromium } from '@playwright/test';

const folder = new URL('../public/icons/', import.meta.url);
const svg = readFileSync(new URL('loa.svg', folder), 'utf8');
// A launcher may cut a maskable icon down to a circle of 80 %: no round corners, everything smaller.
const maskable = svg
  .replace(' rx="96"', '')
  .replace(/(<path[\s\S]*)(<\/svg>)/, '<g transform="translate(64 64) scale(.75)">$1</g>$2');
const icons = [
  ['loa-180.png', 180, svg.replace(' rx="96"', '')],
  ['loa-192.png', 192, svg],
  ['loa-512.png', 512, svg],
  ['loa-maskable-512.png', 512, maskable],
];

const browser = await chromium.launch({
  executablePath: process.env.LOA_CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox'],
});
for (const [name, size, source] of icons) {
  const page = await browser.newPage({ viewport: { width: size, height: size } });
  await page.setContent(`<style>body{margin:0}svg{display:block;width:${size}px;height:${size}px}</style>${source}`);
  writeFileSync(new URL(name, folder), await page.screenshot({ omitBackground: true }));
  await page.close();
}
await browser.close();
