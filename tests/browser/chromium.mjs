// Chromium as the tests start it: no network of its own, a profile that is thrown away.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const ARGUMENTS = [
  '--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update',
  '--disable-sync', '--no-first-run', '--no-default-browser-check', '--disable-dev-shm-usage',
  '--font-render-hinting=none', '--hide-scrollbars',
];

/** Starts Chromium with a fresh profile, gives it to `use`, and takes both away. */
export async function withBrowser(options, use) {
  const profile = mkdtempSync(join(tmpdir(), 'gate-chromium-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.GATE_CHROMIUM ?? '/usr/bin/chromium',
    headless: true,
    args: ARGUMENTS,
    viewport: { width: 1280, height: 720 },
    ...options,
  });
  try {
    return await use(context);
  } finally {
    await context.close();
    rmSync(profile, { recursive: true, force: true });
  }
}
