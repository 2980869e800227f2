// Makes README's pictures of a passed and of a failed run, from real rehearsals.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { withBrowser } from './chromium.mjs';
import { page, root } from './rehearsals.mjs';

const to = join(root, 'docs', 'images');
mkdirSync(to, { recursive: true });
for (const name of ['passed', 'failed']) {
  await withBrowser({ viewport: { width: 1100, height: name === 'passed' ? 900 : 620 }, deviceScaleFactor: 1 }, async (context) => {
    const tab = await context.newPage();
    await tab.goto(page(name));
    await tab.screenshot({ path: join(to, `report-${name}.png`) });
  });
}
