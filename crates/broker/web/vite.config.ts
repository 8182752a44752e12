import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';
import { brotli } from './scripts/brotli-plugin.mjs';
import { catalogue } from './scripts/catalogue-plugin.mjs';
import { shell } from './scripts/shell-plugin.mjs';

// The broker sends a Content-Security-Policy without 'unsafe-inline': nothing may be inlined, neither scripts, styles nor data: URLs.
export default defineConfig({
  plugins: [catalogue(), svelte(), shell(), brotli()],
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    cssCodeSplit: false,
    rolldownOptions: {
      // One request for all that the first screen needs: slow networks pay for each.
      output: { codeSplitting: { groups: [{ name: 'first', tags: ['$initial'] }] } },
    },
  },
  server: { proxy: { '/api': 'http://127.0.0.1:8090' } },
  test: { include: ['tests/**/*.test.ts'], environment: 'node', testTimeout: 5_000 },
  resolve: process.env['VITEST'] ? { conditions: ['browser'] } : {},
});
