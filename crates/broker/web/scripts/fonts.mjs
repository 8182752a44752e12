// Makes src/fonts/ from Be Vietnam Pro (SIL Open Font License 1.1): the letters of the two languages in two weights, without hints for old
// Windows screens; 25 kB instead of 67. Run by hand when the letters or the font change; the results are committed.
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import subset from 'subset-font';
import { LETTERS } from './letters.mjs';

const source = new URL('../node_modules/@fontsource/be-vietnam-pro/', import.meta.url);
const target = new URL('../src/fonts/', import.meta.url);
for (const [part, letters] of Object.entries(LETTERS)) {
  for (const weight of [400, 700]) {
    // The package's WOFF files are those without the hints.
    const whole = readFileSync(new URL(`files/be-vietnam-pro-${part}-${weight}-normal.woff`, source));
    const font = await subset(whole, letters, { targetFormat: 'woff2' });
    writeFileSync(new URL(`be-vietnam-pro-${part}-${weight}.woff2`, target), font);
  }
}
copyFileSync(new URL('LICENSE', source), new URL('LICENSE', target));
