// Real rehearsals, each made once: the pages under test are those of their bundles.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
export const root = join(here, '..', '..');
export const gate = process.env.GATE ?? join(process.env.CARGO_TARGET_DIR ?? join(root, 'target'), 'debug', 'gate');
/** Where bundles go; one that is there is taken, so that a test can be written without waiting. */
const shelf = process.env.GATE_BROWSER_SHELF ?? mkdtempSync(join(tmpdir(), 'gate-browser-'));

/** A passed run, one fault of each exit code, and a gate that means harm. */
export const RUNS = {
  passed: { arguments: [], exit: 0 },
  failed: { arguments: ['--fault', 'scenario-4'], exit: 1 },
  blocked: { arguments: ['--fault', 'daemon-killed-between-runs'], exit: 3 },
  error: { arguments: ['--fault', 'fly-notice'], exit: 4 },
  critical: { arguments: ['--fault', 'tracker-closed-by-someone'], exit: 5 },
  hostile: { arguments: ['--gate', join(here, 'hostile.toml')], exit: 1 },
};

/** The bundle of a run. */
export function bundle(name) {
  const file = join(shelf, `${name}.tar.gz`);
  if (existsSync(file)) return file;
  const { arguments: more, exit } = RUNS[name];
  const made = spawnSync(gate, ['rehearse', '--yes', ...more, '--bundle', file], { encoding: 'utf8' });
  if (made.status !== exit) {
    throw new Error(`${name}: exit ${made.status} instead of ${exit}\n${made.stdout}\n${made.stderr}`);
  }
  return file;
}

/** The address of a run's page, in its unpacked bundle. */
export function page(name) {
  const directory = join(shelf, name);
  if (!existsSync(directory)) {
    mkdirSync(directory);
    execFileSync('tar', ['xzf', bundle(name), '-C', directory]);
  }
  const [top] = readdirSync(directory);
  return pathToFileURL(join(directory, top, 'data', 'reports', 'report.html')).href;
}
