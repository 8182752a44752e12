// The page in Debian's Chromium at the size of a cheap phone, against real programs. A test is never repeated: one that fails now and then
// has found a fault, in the page or in itself.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig } from '@playwright/test';
import { beeps, wav } from './support/sound';

const OUT = fileURLToPath(new URL('.out/', import.meta.url));
/** What the phone's microphone hears, over and over. */
export const MICROPHONE_HZ = 880;
const microphone = join(OUT, 'microphone.wav');
mkdirSync(OUT, { recursive: true });
writeFileSync(microphone, wav(beeps(MICROPHONE_HZ, 8)));

export default defineConfig({
  testDir: '.',
  outputDir: join(OUT, 'results'),
  reporter: [['list']],
  forbidOnly: true,
  retries: 0,
  workers: 1,
  fullyParallel: false,
  timeout: 60_000,
  expect: { timeout: 10_000 },
  use: {
    viewport: { width: 360, height: 740 },
    deviceScaleFactor: 2,
    isMobile: true,
    hasTouch: true,
    locale: 'vi-VN',
    timezoneId: 'Asia/Ho_Chi_Minh',
    actionTimeout: 10_000,
    screenshot: 'only-on-failure',
    trace: 'retain-on-failure',
    launchOptions: {
      executablePath: process.env['LOA_CHROMIUM'] ?? '/usr/bin/chromium',
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
        '--autoplay-policy=no-user-gesture-required',
        '--use-fake-ui-for-media-stream',
        '--use-fake-device-for-media-stream',
        `--use-file-for-fake-audio-capture=${microphone}`,
      ],
    },
  },
  projects: [{ name: 'phone', testMatch: '*.spec.ts' }],
});
