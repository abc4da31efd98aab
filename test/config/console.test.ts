/** When the console is on, and which of its settings are refused. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { isConsoleOn } from '../../src/config/console.ts';
import { readConfiguration } from '../../src/config/index.ts';
import { bundledRules } from '../server/app.ts';

const folder = mkdtempSync(join(tmpdir(), 'tripline-console-'));

function read(text: string) {
  const path = join(folder, 'tripline.yaml');
  writeFileSync(path, text);
  return readConfiguration({ path, overrides: {}, environment: { TOKEN: 'x'.repeat(32) }, bundledRules });
}

const looking = 'auth: { bearer: [{ name: ann, token: "${TOKEN}", endpoints: [console] }] }';
const sending = 'auth: { bearer: [{ name: ann, token: "${TOKEN}" }] }';

describe('the console', () => {
  test.each([
    ['', true],
    ['listen: "[::1]:9870"', true],
    ['listen: localhost:9870', true],
    ['listen: 0.0.0.0:9870', false],
    ['listen: 127.example:9870', false],
    [`listen: 0.0.0.0:9870\n${looking}`, false],
    [`listen: 0.0.0.0:9870\n${looking}\nconsole: { enabled: true }`, true],
    ['listen: 0.0.0.0:9870\nconsole: { listen: "127.0.0.1:9871" }', true],
    ['console: { listen: "0.0.0.0:9871" }', false],
    ['console: { enabled: false }', false],
  ])('with %j is on: %j', (text, isOn) => {
    const { config, problems } = read(text);
    expect(problems).toEqual([]);
    expect(isConsoleOn(config!)).toBe(isOn);
  });

  test.each([
    ['listen: 0.0.0.0:9870\nconsole: { enabled: true }', /anyone who can reach 0\.0\.0\.0:9870 could read findings/],
    [`listen: 0.0.0.0:9870\n${sending}\nconsole: { enabled: true }`, /no credential opens the console/],
    ['console: { enabled: true, listen: "[::]:9871" }', /anyone who can reach/],
    ['console: { listen: "127.0.0.1:9870" }', /is already the address of listen/],
    ['console: { mayWriteExceptions: true }', /there is no folder to write to/],
    ['console: { path: 7 }', /console\.path/],
  ])('with %j is refused', (text, message) => {
    const { config, problems } = read(text);
    expect(config).toBeUndefined();
    expect(problems.join('\n')).toMatch(message);
    expect(problems[0]).toMatch(/^\S+tripline\.yaml:\d+:\d+: /);
  });
});
