/** Large and odd configurations: the findings are bounded, and so is the work. */
import { expect, test } from 'vitest';
import { loadConfig } from '../../src/config/index.ts';
import { examine } from '../../src/doctor/index.ts';
import { readFluentBitConfig } from '../../src/fluent-bit-config/index.ts';
import { filesOf, soundParts, textsOf } from './configs.ts';

const tripline = loadConfig({ path: undefined, overrides: {}, environment: {}, bundledRules: 'rules' });

function found(text: string, path = 'a.conf'): { check: string; message: string }[] {
  return examine(readFluentBitConfig(path, filesOf({ [path]: text }), {}), tripline, false);
}

test('hundreds of sections', () => {
  const outputs = '[OUTPUT]\n    Name http\n    Uri /v1/records\n    Match *\n'.repeat(300);
  const inputs = '[INPUT]\n    Name tail\n    Path a\n'.repeat(300);
  const filters = '[FILTER]\n    Name modify\n    Match *\n'.repeat(300);
  expect(found(inputs + filters + outputs).length).toBe(500);
});

test('more sections and lines than a configuration has', () => {
  const service = `[SERVICE]\n${'    a b\n'.repeat(5_001)}`;
  for (const text of ['[INPUT]\n    Name tail\n'.repeat(20_000), service, '[SERVICE]\n'.repeat(40_000) + service]) {
    expect(() => found(text)).toThrow('more than 1000 sections or 5000 lines');
  }
  expect(found(`[SERVICE]\n${'    storage_path b\n'.repeat(1_000)}`).length).toBe(500);
});

test('tags, patterns and rules built to take long', () => {
  const tag = 'a'.repeat(20_000);
  const pattern = '*a'.repeat(1_000);
  const regex = `${'(a*)*'.repeat(20)}b`;
  const rule = `$${'x['.repeat(500)} y ${'$TAG'.repeat(500)} false`;
  const findings = found(
    `[INPUT]\n    Name tail\n    Tag ${tag}\n[FILTER]\n    Name rewrite_tag\n    Match *\n    Rule ${rule}\n` +
      `[OUTPUT]\n    Name http\n    Uri /v1/records\n    Match ${pattern}b\n    Match_Regex ${regex}\n`,
  );
  for (const { message } of findings) expect(message.length).toBeLessThan(1_000);
});

test('a rewrite_tag that keeps making new tags', () => {
  const parts = soundParts();
  parts.filters.push({ name: 'rewrite_tag', match: '*', rule: '$a b x.$TAG false' });
  const texts = textsOf(parts, 'yaml');
  const findings = examine(readFluentBitConfig('fluent-bit.yaml', filesOf(texts), {}), tripline, false);
  expect(findings.map(({ check }) => check)).toContain('runs-twice');
});

test('names of properties that every object has', () => {
  for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
    const text = `[SERVICE]\n    ${name} 1\n[${name}]\n    a b\n[INPUT]\n    Name ${name}\n    Tag x\n[FILTER]\n    Name ${name}\n    Match *\n[OUTPUT]\n    Name http\n    Uri /v1/records\n    Match *\n    Format ${name}\n`;
    expect(found(text).map(({ check }) => check)).toEqual(
      expect.arrayContaining(['unknown-service-key', 'unknown-section', 'alters-before', 'format']),
    );
    expect(
      found(`${name}: { a: b }\nservice: { ${name}: 1 }\npipeline: { inputs: [{ name: ${name} }] }\n`, 'a.yaml').length,
    ).toBeGreaterThan(0);
  }
});

test('sections without any properties', () => {
  expect(found('[SERVICE]\n[INPUT]\n[FILTER]\n[OUTPUT]\n').map(({ check }) => check)).toEqual(['no-tripline']);
});

test('no secret is shown', () => {
  const text =
    '[INPUT]\n    Name forward\n    Shared_Key hunter2 # x\n[OUTPUT]\n    Name http\n    Uri /v1/records\n    Match *\n' +
    '    Header Authorization Bearer hunter2${A}\n    Http_Passwd hunter2${A}\n    Tls.Key_Passwd hunter2 # x\n';
  const config = readFluentBitConfig('a.conf', filesOf({ 'a.conf': text }), {});
  const both = {
    ...tripline,
    sinks: [{ type: 'forward', name: 'forward', host: 'x', port: 24224, sharedKey: 'hunter3' }],
  };
  const findings = [examine(config, tripline, false), examine(config, both as typeof tripline, true)].flat();
  expect(findings.map(({ check }) => check)).toEqual(expect.arrayContaining(['shared-key', 'unset-variable']));
  expect(JSON.stringify(findings)).not.toContain('hunter');
});
