// Writes the service worker: src/sw.js with the list of this build's files. A plugin of our own, because the usual one brings some
// two hundred packages for what is forty lines.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

const PUBLIC = ['/manifest.webmanifest', '/icons/loa.svg', '/icons/loa-192.png'];

export function shell() {
  return {
    name: 'loa-shell',
    apply: 'build',
    enforce: 'post',
    generateBundle(_options, bundle) {
      const built = Object.keys(bundle)
        .filter((name) => name.startsWith('assets/'))
        .sort();
      const page = bundle['index.html']?.source ?? '';
      const version = createHash('sha256')
        .update(JSON.stringify([built, page]))
        .digest('hex')
        .slice(0, 12);
      const list = ['/', ...PUBLIC, ...built.map((name) => `/${name}`)];
      const source = readFileSync(new URL('../src/sw.js', import.meta.url), 'utf8')
        .replace('__SHELL__', JSON.stringify(list))
        .replace('__VERSION__', `'${version}'`);
      this.emitFile({ type: 'asset', fileName: 'sw.js', source });
    },
  };
}
