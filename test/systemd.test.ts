/** The unit of examples/systemd; with SYSTEMD_ANALYZE, as systemd itself checks it. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { loadConfig } from '../src/config/index.ts';
import { fencesOf } from './fences.ts';

const root = join(import.meta.dirname, '..');
const bundledRules = join(root, 'rules');
const unit = join(root, 'examples/systemd/tripline.service');
const folder = mkdtempSync(join(tmpdir(), 'tripline-systemd-'));
afterAll(() => rmSync(folder, { recursive: true }));

const settings = new Map(
  [...readFileSync(unit, 'utf8').matchAll(/^(\w+)=(.*)$/gm)].map(([, name, value]) => [name!, value!]),
);
const { SYSTEMD_ANALYZE } = process.env;

/** The configuration that its page shows, with a folder of this machine in place of the credentials folder. */
function config() {
  const [shown] = fencesOf('examples/systemd/README.md').filter(({ language }) => language === 'yaml');
  const credentials = '/run/credentials/tripline.service';
  expect(shown!.text).toContain(`${credentials}/${settings.get('LoadCredential')!.split(':')[0]}`);
  writeFileSync(join(folder, 'fluent-bit'), 'a-password-of-some-length\n');
  const path = join(folder, 'tripline.yaml');
  writeFileSync(path, shown!.text.replace(credentials, folder));
  return loadConfig({ path, overrides: {}, environment: {}, bundledRules });
}

test('the configuration that is shown writes only to the folder of the service', () => {
  const { state, deadLetterPath } = config();
  const own = `/var/lib/${settings.get('StateDirectory')}/`;
  expect([state!.path!, deadLetterPath!].filter((path) => !path.startsWith(own))).toEqual([]);
});

test('it starts the program of the package, as the image does, and gives it time to stop and enough memory', () => {
  const { bin, name } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  expect(settings.get('ExecStart')).toContain(`--disable-sigusr1 /opt/tripline/node_modules/${name}/${bin.tripline} `);
  expect(Number(settings.get('TimeoutStopSec'))).toBeGreaterThan(config().drainSeconds + 4);
  const { resources } = parse(readFileSync(join(root, 'charts/tripline/values.yaml'), 'utf8'));
  expect(`${settings.get('MemoryMax')}i`).toBe(resources.limits.memory);
});

if (SYSTEMD_ANALYZE === undefined) {
  test.skip('systemd finds nothing to fix in the unit: set SYSTEMD_ANALYZE to systemd-analyze');
} else {
  test('systemd finds nothing to fix in the unit, and few needless privileges', () => {
    const run = (...args: string[]) => spawnSync(SYSTEMD_ANALYZE, args, { encoding: 'utf8' });
    // The program is not installed here, and neither is its Node.
    const placed = join(folder, 'tripline.service');
    writeFileSync(placed, readFileSync(unit, 'utf8').replace('/usr/bin/node', process.execPath));
    expect(run('verify', placed)).toMatchObject({ status: 0, stderr: '' });
    const { status, stdout } = run('security', '--offline=true', '--threshold=20', placed);
    expect({ status, stdout }).toMatchObject({ status: 0 });
  });
}
