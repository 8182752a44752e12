// How much a phone must load before the first screen can be used: the HTML and all it refers to, scripts with what they import at once,
// styles with the fonts of a Vietnamese page; compressed as the broker sends them. Fails above the bar of product.md.
import { existsSync, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const BAR = 100_000;
const dist = new URL('../dist/', import.meta.url);
const read = (name) => readFileSync(new URL(name, dist));

/** What a file makes the browser fetch at once. Icons for home screens and what is imported later are not part of it. */
function needs(name) {
  const text = /\.(html|js|css)$/.test(name) ? read(name).toString() : '';
  if (name.endsWith('.html')) {
    return [...text.matchAll(/(?:src|href)="\/([^"]+)"/g)].map((match) => match[1]).filter((file) => !/-\d+\.png$/.test(file));
  }
  const pattern = name.endsWith('.css') ? /url\(\/?([^)]+)\)/g : /(?:from|import)\s*["']\.\/([^"']+)["']/g;
  return [...text.matchAll(pattern)].map((match) => (name.endsWith('.css') ? match[1] : `assets/${match[1]}`));
}

const files = new Set(['index.html']);
for (const name of files) for (const file of needs(name)) files.add(file);

let total = 0;
for (const name of files) {
  const bytes = read(name);
  const brotli = new URL(`${name}.br`, dist);
  const compressed = existsSync(brotli) ? readFileSync(brotli) : gzipSync(bytes);
  const sent = /\.woff2?$/.test(name) ? bytes.length : compressed.length;
  total += sent;
  process.stdout.write(`${String(sent).padStart(7)}  ${name}\n`);
}
process.stdout.write(`${String(total).padStart(7)}  bytes for the first page, at most ${BAR}\n`);
if (total > BAR) process.exit(1);
