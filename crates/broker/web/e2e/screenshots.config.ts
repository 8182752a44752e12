// Takes the README's pictures: `npm run screenshots`.
import config from './playwright.config';

export default {
  ...config,
  use: { ...config.use, deviceScaleFactor: 1.5 },
  projects: [{ name: 'pictures', testMatch: 'screenshots.ts' }],
};
