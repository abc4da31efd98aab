/** Which configurations are refused, and where; with FLUENT_BIT, that the real Fluent Bit agrees. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readFluentBitConfig } from '../../src/fluent-bit-config/index.ts';
import { filesOf, soundParts, textsOf } from '../doctor/configs.ts';
import { rows } from '../doctor/rows.ts';
import { accepted, type Config, refused } from './refused.ts';

const { FLUENT_BIT } = process.env;

function problemOf({ files }: Config): string | undefined {
  try {
    readFluentBitConfig(Object.keys(files)[0]!, filesOf(files), {});
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

test.each(Object.entries(refused))('%s is refused', (_, config) => {
  expect(problemOf(config)).toMatch(/^[\w.]+:\d+:\d+: .+; .+$/);
  expect(problemOf(config)!.split(': ')[0]).toBe(config.at);
});

test('a password after a tab is not shown', () => {
  const text = '[INPUT]\n    Name forward\n    Shared_Key\thunter2\n';
  expect(problemOf({ files: { 'a.conf': text } })).toBe(
    "a.conf:3:5: 'Shared_Key' has no value; write a space instead of the tab",
  );
});

test.each(Object.entries(accepted))('%s is accepted', (_, config) => expect(problemOf(config)).toBeUndefined());

describe.runIf(FLUENT_BIT)('FLUENT_BIT agrees', () => {
  /** Whether the real Fluent Bit starts with the files. */
  function starts(files: Record<string, string>): boolean {
    const folder = mkdtempSync(join(tmpdir(), 'tripline-fluent-bit-'));
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(join(folder, dirname(name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    const options = { cwd: folder, env: { SET: 'x', TOKEN: 'y' }, timeout: 10_000 };
    const { stdout, stderr } = spawnSync(
      FLUENT_BIT!,
      ['--dry-run', '-c', join(folder, Object.keys(files)[0]!)],
      options,
    );
    const said = `${stdout}${stderr}`;
    // A build need not have every plugin.
    return said.includes("a plugin name that doesn't exist") || said.includes('configuration test is successful');
  }

  const disagreeing = (configs: [name: string, files: Record<string, string>][], wanted: boolean) =>
    configs.filter(([, files]) => starts(files) !== wanted).map(([name]) => name);
  const named = (configs: Record<string, Config>) =>
    Object.entries(configs).map(([name, { files }]): [string, Record<string, string>] => [name, files]);

  test('on what is refused', () => expect(disagreeing(named(refused), false)).toEqual([]));
  test('on what is accepted', () => expect(disagreeing(named(accepted), true)).toEqual([]));

  test('that it starts with what doctor has findings for', () => {
    const configs = Object.entries(rows).flatMap(([check, { wrong, right = [], isYaml }]) =>
      [...wrong.map(([change]) => change), ...right].flatMap((change, index) =>
        (isYaml ? (['yaml'] as const) : (['yaml', 'classic'] as const)).map(
          (format): [string, Record<string, string>] => {
            const parts = soundParts();
            change(parts);
            return [`${check} ${index} ${format}`, textsOf(parts, format)];
          },
        ),
      ),
    );
    expect(configs.length).toBeGreaterThan(200);
    expect(disagreeing(configs, true)).toEqual([]);
  }, 120_000);
});
