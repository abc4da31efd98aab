/**
 * Every fenced block says after its language how it is tested:
 *
 *   run                it is run here, in a folder with the files that it names
 *   NAME.test.ts       this file of test/ uses it
 *   needs NAME         it needs a variable or a service, and is tested where that is set
 *   not run: REASON    it cannot be run here
 */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { exampleFolder } from './commands/files.ts';
import { fencesOf, pages } from './fences.ts';
import { built } from './program.ts';
import { type SidecarProcess, startSidecar } from './sidecar.ts';

const root = join(import.meta.dirname, '..');
const fences = pages.flatMap((page) => fencesOf(page).map((fence) => ({ page, ...fence })));

describe('every block is marked', () => {
  test.each(fences)('$page:$line', ({ mark }) => {
    const [, file] = /^(\S+\.test\.ts)$/.exec(mark) ?? [];
    if (file !== undefined) expect(existsSync(join(root, 'test', file)), file).toBe(true);
    else expect(mark).toMatch(/^(run|needs [A-Z_]+|not run: .+)$/);
  });
});

let sidecar: SidecarProcess;
let folder: string;
beforeAll(async () => {
  sidecar = await startSidecar();
  folder = exampleFolder();
  for (const name of ['examples', 'lists', 'rules', 'test', 'src', 'package.json', 'node_modules']) {
    if (!existsSync(join(folder, name))) symlinkSync(join(root, name), join(folder, name));
  }
  const first = (page: string, wanted: string) => fencesOf(page).find(({ language }) => language === wanted)!.text;
  writeFileSync(join(folder, 'my-rules/service-external-ips.yml'), first('docs/rules/writing.md', 'yaml'));
  writeFileSync(join(folder, 'my-rules/service-external-ips.cases.json'), first('docs/rules/testing.md', 'json'));
  writeFileSync(join(folder, 'yesterday.log.gz'), gzipSync(readFileSync(join(folder, 'audit.log'))));
  for (const name of ['exceptions']) mkdirSync(join(folder, name));
});
afterAll(() => sidecar.stop());

/** A failure of the tool: findings in records and rules end with status 1. */
const failure = /^tripline: |^ {4}at |command not found|No such file|unknown/m;

describe('a block of shell runs', () => {
  const run = fences.filter(({ mark, language }) => mark === 'run' && language === 'sh');

  test.each(run)('$page:$line', async ({ text }) => {
    const { port } = new URL(sidecar.url);
    const lines = text.replaceAll(':9870', `:${port}`).replace(/^npm start.*$/gm, '');
    const here = lines.replaceAll(/npx node (\S+)/g, `"${process.execPath}" "${root}/$1"`);
    const script = `set -o pipefail\ntripline() { "${process.execPath}" "${built}" "$@"; }\n${here}`;
    const { stdout, stderr } = await promisify(execFile)('bash', ['-c', script], { cwd: folder }).catch((error) => {
      // Findings are not a failure.
      if (error.code === 1) return error as { stdout: string; stderr: string };
      throw error;
    });
    expect(stderr).not.toMatch(failure);
    expect(stdout).not.toContain('"status":4');
  });
});
