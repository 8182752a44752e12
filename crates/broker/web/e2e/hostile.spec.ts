// What somebody else wrote (titles, names of files and of people) is text on the page, and never a part of it.
import { uploadSound } from './support/phone';
import { beeps, wav } from './support/sound';
import { expect, test } from './support/test';

const HOSTILE = '<img src=x onerror="document.title=1"><script>document.title=2</script>';

test('markup in a title, a file name and an area is shown as it was written', async ({ signedIn: page, commune }) => {
  const refused: string[] = [];
  page.on('console', (message) => {
    if (message.text().includes('Content Security Policy')) refused.push(message.text());
  });
  const before = await page.title();
  await commune.post('/bulletins', { title: HOSTILE, text: 'Mời bà con họp.' });
  await page.goto('/programme/new');
  await expect(page.getByText(HOSTILE)).toBeVisible();
  await page.goto('/');
  await uploadSound(page, `${HOSTILE.replaceAll('/', '')}.wav`, wav(beeps(700, 1)));
  await expect(page.locator('main img, main script')).toHaveCount(0);
  expect(await page.title()).toBe(before);
  expect(refused, 'nothing even tried to run').toEqual([]);
});
