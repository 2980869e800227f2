// The pages that people decide by, in a real browser. `tests/all.sh browser` runs it.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { withBrowser } from './chromium.mjs';
import { RUNS, bundle, gate, page } from './rehearsals.mjs';

const axe = createRequire(import.meta.url).resolve('axe-core');

/** Opens a page and gives it to `use`; whatever it complains of or asks for elsewhere is a failure. */
async function opened(url, options, use) {
  await withBrowser(options, async (context) => {
    const complaints = [];
    const asked = [];
    context.on('request', (request) => asked.push(request.url()));
    const tab = await context.newPage();
    tab.on('console', (message) => complaints.push(`${message.type()}: ${message.text()}`));
    tab.on('pageerror', (error) => complaints.push(String(error)));
    tab.on('dialog', (dialog) => { complaints.push(`dialog: ${dialog.message()}`); dialog.dismiss(); });
    await tab.goto(url);
    await use(tab);
    assert.deepEqual(complaints, [], 'the console is silent');
    const elsewhere = asked.filter((one) => !one.startsWith('file:'));
    assert.deepEqual(elsewhere, [], 'no request leaves the page');
    assert.equal(asked.length, 1, `nothing is loaded beside the page: ${asked}`);
  });
}

/** Whether the first match is on the screen as it is. */
const onScreen = (tab, selector) => tab.locator(selector).first().evaluate((element) => {
  const box = element.getBoundingClientRect();
  return box.top >= 0 && box.bottom <= innerHeight && box.width > 0;
});

for (const name of Object.keys(RUNS)) {
  test(`${name}: it opens, in silence, and says first what it is`, async () => {
    await opened(page(name), {}, async (tab) => {
      const word = await tab.locator('.top .word').innerText();
      assert.match(word.toLowerCase(), name === 'hostile' ? /failed/ : new RegExp(name));
      assert.ok(await onScreen(tab, '.top .word'));
      if (name !== 'passed') {
        assert.ok(await onScreen(tab, '.finding .what'), 'the reason is seen without scrolling');
      }
      assert.equal(await tab.locator('details.subtask').count(), name === 'hostile' ? 3 : 43);
    });
  });

  for (const colorScheme of ['light', 'dark']) {
    test(`${name}: contrast and names in ${colorScheme}`, async () => {
      // axe is put into the page by the debugger's way, which a policy does not stop.
      await opened(page(name), { colorScheme, bypassCSP: true }, async (tab) => {
        if (name === 'failed' || name === 'hostile') await tab.locator('#open').click();
        await tab.addScriptTag({ path: axe });
        const { violations } = await tab.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
        const told = violations.map((one) => `${one.id}: ${one.help}: ${one.nodes.slice(0, 4).map((node) => node.html.slice(0, 160)).join(' | ')}`);
        assert.deepEqual(told, []);
      });
    });
  }

  test(`${name}: a phone does not scroll sideways`, async () => {
    await opened(page(name), { viewport: { width: 390, height: 800 } }, async (tab) => {
      await tab.locator('#open').click();
      const wide = await tab.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(wide <= 390, `${wide} wide`);
    });
  });
}

test('the filter leaves what is not passed', async () => {
  await opened(page('failed'), {}, async (tab) => {
    await tab.locator('#filter').check();
    const shown = tab.locator('details.subtask:visible');
    assert.equal(await shown.count(), 21);
    assert.equal(await shown.first().getAttribute('id'), 'T022');
    assert.match(await tab.locator('#found').innerText(), /21 of 43/);
    await tab.locator('#filter').uncheck();
    assert.equal(await shown.count(), 43);
  });
});

test('the search finds a text in an answer, and opens it', async () => {
  await opened(page('failed'), {}, async (tab) => {
    await tab.locator('#search').fill('run-sync-identity-boundary-canary.sh --single');
    await tab.locator('#found:not(:empty)').waitFor();
    const ids = await tab.locator('details.subtask:visible').evaluateAll((all) => all.map((one) => one.id));
    assert.ok(ids.includes('T021') && !ids.includes('T002'), String(ids));
    assert.ok(await tab.locator('#T021 details.exchange[open]').count() > 0);
    await tab.locator('#search').fill('there is no such text anywhere');
    await tab.locator('#none').waitFor();
    await tab.locator('#search').press('Escape');
    assert.equal(await tab.locator('details.subtask:visible').count(), 43);
  });
});

test('keys alone are enough', async () => {
  await opened(page('failed'), {}, async (tab) => {
    await tab.keyboard.press('/');
    assert.equal(await tab.evaluate(() => document.activeElement.id), 'search');
    await tab.keyboard.press('Escape');
    await tab.keyboard.press('f');
    assert.ok(await tab.locator('#filter').isChecked());
    await tab.keyboard.press('j');
    await tab.keyboard.press('Enter');
    assert.ok(await tab.locator('#T022').evaluate((one) => one.open));
    await tab.keyboard.press('j');
    assert.equal(await tab.evaluate(() => document.activeElement.closest('details').id), 'T024');
    await tab.keyboard.press('k');
    assert.equal(await tab.evaluate(() => document.activeElement.closest('details').id), 'T022');
  });
});

test('the timeline shows what ran beside what, waited for what, and leads to it', async () => {
  await opened(page('passed'), {}, async (tab) => {
    const bar = (id) => tab.locator(`[data-bar="${id}"]`).boundingBox();
    const [first, beside, later] = [await bar('T001'), await bar('T013'), await bar('T007')];
    assert.ok(Math.abs(first.x - beside.x) < 60, 'WP03 begins beside WP01');
    assert.ok(later.x > first.x + first.width, 'WP02 begins after WP01');
    for (const id of ['T001', 'T024', 'T043']) {
      const row = await tab.locator(`[data-row="${id}"]`).boundingBox();
      const own = await bar(id);
      assert.ok(own.y > row.y - 2 && own.y + own.height < row.y + row.height + 2, `${id}: row and bar are in line`);
    }
    assert.ok(await tab.locator('.edge[data-from="T016"][data-to="T017"]').count(), 'T017 waits for WP03 too');
    await tab.locator('[data-row="T017"]').hover();
    assert.ok(await tab.locator('.edge.near').count() >= 2);
    await tab.locator('[data-row="T024"]').click();
    assert.ok(await tab.locator('#T024').evaluate((one) => one.open));
    assert.equal(await tab.locator('.bars .part').count(), 5, 'one single run and four of the protocol');
  });
});

test('an intervention is marked on the axis and told in words', async () => {
  await opened(page('blocked'), {}, async (tab) => {
    assert.ok(await tab.locator('.bars .mark').count() > 0);
    assert.match(await tab.locator('section[aria-labelledby=between]').innerText(), /daemon/);
  });
});

test('the canary is a grid of runs and scenarios, with times', async () => {
  await opened(page('passed'), {}, async (tab) => {
    const grid = tab.locator('table.grid').last();
    assert.equal(await grid.locator('tbody tr').count(), 4);
    const cells = await grid.locator('td.cell').allInnerTexts();
    assert.equal(cells.length, 20);
    assert.equal(cells.filter((cell) => /^pass\s+[\d.]+ m?s/.test(cell)).length, 16, String(cells));
  });
});

test('each value of a comment leads to the request that it came from', async () => {
  await opened(page('passed'), {}, async (tab) => {
    const links = tab.locator('section[aria-labelledby=comments] pre a');
    assert.ok(await links.count() > 40, `${await links.count()} values`);
    const dead = await links.evaluateAll((all) => all.map((one) => one.getAttribute('href')).filter((href) => !document.getElementById(href.slice(1))));
    assert.deepEqual(dead, []);
    await tab.locator('section[aria-labelledby=comments] summary').first().click();
    const value = links.filter({ hasText: 'v3.2.0rc16' }).first();
    await value.click();
    const id = (await value.getAttribute('href')).slice(1);
    assert.ok(await tab.locator(`[id="${id}"]`).evaluate((one) => one.open && one.getBoundingClientRect().top < innerHeight));
  });
});

test('every link within a page leads somewhere, and those into the evidence lead to files', async () => {
  for (const name of Object.keys(RUNS)) {
    await opened(page(name), {}, async (tab) => {
      const links = await tab.locator('a').evaluateAll((all) => all.map((one) => [one.getAttribute('href'), one.href]));
      for (const [href, whole] of links) {
        if (href.startsWith('#')) {
          assert.ok(await tab.evaluate((id) => document.getElementById(id) !== null, href.slice(1)), `${name}: ${href}`);
        } else if (!href.startsWith('https://github.com/')) {
          const { existsSync } = await import('node:fs');
          assert.ok(existsSync(fileURLToPath(whole)), `${name}: ${href}`);
        }
      }
    });
  }
});

test('what means harm is shown and does nothing', async () => {
  await opened(page('hostile'), {}, async (tab) => {
    await tab.locator('#open').click();
    await tab.evaluate(() => document.querySelectorAll('details').forEach((one) => { one.open = true; }));
    assert.equal(await tab.locator('script').count(), 1);
    assert.equal(await tab.locator('iframe, img, object, embed, link, base').count(), 0);
    assert.equal(await tab.locator('style').count(), 1);
    const events = await tab.evaluate(() => [...document.querySelectorAll('*')].flatMap((one) => one.getAttributeNames()).filter((name) => name.startsWith('on') || name === 'style' || name === 'srcdoc'));
    assert.deepEqual(events, []);
    const html = await tab.content();
    assert.doesNotMatch(html, /[\u0000-\u0008\u000e-\u001f\u202a-\u202e\u2066-\u2069]/);
    const addresses = await tab.evaluate(() => [...document.querySelectorAll('[href], [src]')].map((one) => new URL(one.href ?? one.src).protocol));
    assert.deepEqual([...new Set(addresses)], ['file:']);
    const text = await tab.evaluate(() => document.body.innerText);
    assert.match(text, /<script>alert\(5\)<\/script>/);
    assert.match(text, /\[U\+202E\]/);
    assert.match(text, /\{\{ 7 \* 7 \}\}/);
    assert.match(text, /bytes left out/);
    assert.match(text, /too long to be shown here/);
    assert.ok(text.length < 200000, 'a line of 100 KB is bounded');
  });
});

test('without script everything can be read', async () => {
  await opened(page('failed'), { javaScriptEnabled: false }, async (tab) => {
    assert.ok(await tab.locator('form.tools').isHidden());
    await tab.locator('#T022 > summary').click();
    assert.ok(await tab.locator('#T022 .body').isVisible());
  });
});

test('on paper all is opened', async () => {
  await opened(page('failed'), {}, async (tab) => {
    await tab.emulateMedia({ media: 'print' });
    const hidden = await tab.locator('#T022 .body').evaluate((one) => one.getBoundingClientRect().height);
    assert.ok(hidden > 20, 'by the style alone');
    const pdf = await tab.pdf({ path: join(tmpdir(), `gate-print-${process.pid}.pdf`) });
    assert.ok(pdf.length > 100000, `${pdf.length} bytes`);
    assert.ok(await tab.locator('.tools').isHidden());
  });
});

test('the command that comes next can be copied', async () => {
  await opened(page('failed'), { permissions: ['clipboard-read', 'clipboard-write'] }, async (tab) => {
    await tab.locator('#copy').click();
    await tab.locator('#copy', { hasText: /Copied|Selected/ }).waitFor();
    assert.match(await tab.locator('#command').innerText(), /^gate rehearse --yes --fault scenario-4$/);
  });
});

test('two runs side by side', async () => {
  const made = spawnSync(gate, ['diff', bundle('passed'), bundle('failed'), '--format', 'html'], { encoding: 'utf8', maxBuffer: 1 << 26 });
  assert.equal(made.status, 1, made.stderr);
  const file = join(tmpdir(), `gate-diff-${process.pid}.html`);
  writeFileSync(file, made.stdout);
  for (const colorScheme of ['light', 'dark']) {
    await opened(pathToFileURL(file).href, { colorScheme, bypassCSP: true }, async (tab) => {
      assert.match(await tab.locator('.top .word').innerText(), /differ/i);
      assert.ok(await tab.locator('tr.differs').count() > 10);
      await tab.addScriptTag({ path: axe });
      const { violations } = await tab.evaluate(() => globalThis.axe.run());
      assert.deepEqual(violations.map((one) => `${one.id} ${one.nodes[0].html}`), []);
    });
  }
  await opened(pathToFileURL(file).href, { viewport: { width: 390, height: 800 } }, async (tab) => {
    assert.ok(await tab.evaluate(() => document.documentElement.scrollWidth) <= 390);
  });
});

test('a reproduction gives the same page', () => {
  const made = spawnSync(gate, ['reproduce', bundle('failed')], { encoding: 'utf8' });
  assert.equal(made.status, 0, made.stdout + made.stderr);
  assert.match(made.stdout, /byte for byte/);
});
