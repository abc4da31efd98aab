/** What doctor finds, check by check, in both formats of Fluent Bit. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Config, loadConfig } from '../../src/config/index.ts';
import { checks, type DoctorFinding, examine } from '../../src/doctor/index.ts';
import { readFluentBitConfig } from '../../src/fluent-bit-config/index.ts';
import { type Format, filesOf, type Parts, soundParts, textsOf } from './configs.ts';
import { type Change, type Row, rows } from './rows.ts';

const environment = { SET: '127.0.0.1', TOKEN: 'a-token-of-some-length' };
const formats: Format[] = ['yaml', 'classic'];
const folder = mkdtempSync(join(tmpdir(), 'tripline-doctor-'));

const settings = new Map<string | undefined, Config>();

function triplineOf(text: string | undefined): Config {
  if (!settings.has(text)) {
    const path = text === undefined ? undefined : join(folder, `${settings.size}.yaml`);
    if (path !== undefined) writeFileSync(path, text!);
    settings.set(text, loadConfig({ path, overrides: {}, environment, bundledRules: 'rules' }));
  }
  return settings.get(text)!;
}

function changed(change: Change): Parts {
  const parts = soundParts();
  change(parts);
  return parts;
}

function findingsIn(texts: Record<string, string>, tripline?: string): DoctorFinding[] {
  const config = readFluentBitConfig(Object.keys(texts)[0]!, filesOf(texts), environment);
  return examine(config, triplineOf(tripline), tripline !== undefined);
}

/** The line of a finding, written the same in both formats. */
function lineOf(texts: Record<string, string>, { path, line, column }: DoctorFinding, isAsWritten = false): string {
  const lines = texts[path]!.split('\n');
  const text = lines[line - 1]!.slice(column - 1);
  const plain = (each: string) =>
    each
      .replace(/^\s*(- )?/, '')
      .replace(/^([\w.]+):( |$)/, '$1 ')
      .replaceAll("'", '')
      .trim();
  // A section begins with a line of its own in the classic format.
  return text.startsWith('[') && !isAsWritten ? (/service/i.test(text) ? 'service' : plain(lines[line]!)) : plain(text);
}

test('every check has its rows', () => {
  expect(Object.keys(rows).sort()).toEqual(Object.keys(checks).sort());
});

test.each(formats)('a sound configuration has no findings: %s', (format) => {
  expect(findingsIn(textsOf(soundParts(), format))).toEqual([]);
  expect(findingsIn(textsOf(soundParts(), format), 'sinks: [{ type: forward, host: 127.0.0.1 }]\n')).toEqual([]);
});

describe.each(Object.entries(rows))('%s', (check, { wrong, right = [], texts, isYaml, tripline }: Row) => {
  const inFormats = isYaml ? formats.slice(0, 1) : formats;

  test.each(wrong)('is found (%#)', (change, line) => {
    for (const format of inFormats) {
      const texts = textsOf(changed(change), format);
      const found = findingsIn(texts, tripline).filter((finding) => finding.check === check);
      expect(found.map((finding) => lineOf(texts, finding))).toContain(line);
      for (const { message, hint, effect } of found) {
        expect(effect).toBe(checks[check]!.effect);
        expect(message.length).toBeGreaterThan(15);
        expect(hint).not.toBe('');
      }
    }
  });

  const whole = (text: string) => {
    const files = { [text.startsWith('[') ? 'fluent-bit.conf' : 'fluent-bit.yaml']: text, 'a.conf': '' };
    return findingsIn(files).flatMap((finding) => (finding.check === check ? [lineOf(files, finding, true)] : []));
  };
  if (texts !== undefined) {
    test.each(texts.wrong)('is found in a text (%#)', (text, line) => expect(whole(text)).toContain(line));
    test.each(texts.right)('is not found in a text (%#)', (text) => expect(whole(text)).toEqual([]));
  }

  test.each(right)('is not found where nothing is wrong (%#)', (change) => {
    for (const format of inFormats) {
      expect(
        findingsIn(textsOf(changed(change), format), tripline).filter((finding) => finding.check === check),
      ).toEqual([]);
    }
  });
});

describe('a forward output to Tripline', () => {
  const parts = soundParts();
  parts.outputs[0] = { name: 'forward', match: 'kube.*', port: '24225', shared_key: 'k' };
  const found = (changed: Parts, tripline?: object) =>
    examine(
      readFluentBitConfig('fluent-bit.yaml', filesOf(textsOf(changed, 'yaml')), {}),
      { ...triplineOf('sinks: [{ type: forward, host: 127.0.0.1 }]\n'), ...tripline } as Config,
      tripline !== undefined,
    ).map(({ check }) => check);

  test('is recognized by the port of the forward input', () => {
    expect(found(parts, { forward: { listen: '127.0.0.1:24225', sharedKey: 'k' } })).toEqual([
      'retry-limit',
      'forward-ack',
    ]);
    expect(found(parts, { forward: { listen: '127.0.0.1:24225', tls: {} } })).toEqual([
      'retry-limit',
      'forward-ack',
      'tls',
      'shared-key',
    ]);
    expect(found(parts, { forward: { listen: '127.0.0.1:9999' } })).toEqual(['no-tripline']);
  });

  test('is recognized if nothing else could be one', () => {
    const collector = { ...parts, inputs: parts.inputs.slice(0, 1) };
    expect(found(collector)).toEqual(['retry-limit', 'forward-ack']);
  });
});

test('an input that a sink posts to receives tagged records', () => {
  const parts = soundParts();
  parts.inputs[1] = { name: 'opentelemetry', port: '4318', 'storage.type': 'filesystem' };
  parts.outputs[1] = { name: 'stdout', match: 'v1_logs' };
  const texts = textsOf(parts, 'yaml');
  const found = (settings: string) => findingsIn(texts, settings).map(({ check }) => check);
  expect(found('sinks: [{ type: otlp, url: "http://127.0.0.1:4318/v1/logs" }]\n')).toEqual(['otlp-input']);
  expect(found('sinks: [{ type: otlp, url: "http://127.0.0.1:4319/v1/logs" }]\n')).toEqual([]);
});

describe('a hint follows the existing tags', () => {
  const parts = soundParts();
  Object.assign(parts.inputs[0]!, { tag: 'cp.audit' });
  Object.assign(parts.inputs[1]!, { tag_prefix: 'det.' });
  Object.assign(parts.outputs[0]!, { match: 'cp.*' });
  Object.assign(parts.outputs[1]!, { match: 'det.*' });
  parts.inputs.push({ name: 'dummy', tag: 'kube.app' });
  const fixOf = (change: (parts: Parts) => void, check: string, format: Format) => {
    const changed = structuredClone(parts);
    change(changed);
    return findingsIn(textsOf(changed, format)).find((finding) => finding.check === check)?.hint;
  };

  test.each<[string, string, (parts: Parts) => void]>([
    ['loop', 'cp.*', ({ outputs }) => Object.assign(outputs[0]!, { match: '*' })],
    [
      'loop',
      'cp.audit',
      ({ filters }) =>
        filters.push({
          name: 'rewrite_tag',
          match: 'det.*',
          rule: '$verb ^create cp.again true',
          'emitter_storage.type': 'filesystem',
        }),
    ],
    ['no-source', 'cp.*', ({ outputs }) => Object.assign(outputs[0]!, { match: undefined })],
    ['not-received', 'det.*', ({ outputs }) => Object.assign(outputs[1]!, { match: 'tripline.*' })],
    ['received-twice', 'det.*', ({ outputs }) => Object.assign(outputs[1]!, { match: '*' })],
    ['runs-twice', 'det.*', ({ filters }) => filters.push({ name: 'lua', match: '*', call: 'f', script: 'a.lua' })],
    ['alters-before', 'det.*', ({ filters }) => filters.push({ name: 'modify', match: 'cp.*', add: 'a b' })],
  ])('%s', (check, pattern, change) => {
    expect(findingsIn(textsOf(parts, 'yaml'))).toEqual([]);
    expect(fixOf(change, check, 'yaml')).toContain(`match${check === 'alters-before' ? '' : ':'} ${pattern}`);
  });

  test('and the plugin', () => {
    const change = ({ inputs }: Parts) =>
      inputs.push({ name: 'fluentbit_logs', tag: 'cp.own', 'storage.type': 'filesystem' });
    expect(fixOf(change, 'own-log', 'yaml')).toBe('give it a tag that the output to Tripline does not match');
  });

  test('and the format of the file', () => {
    const change = ({ inputs }: Parts) => Object.assign(inputs[0]!, { path: '/var/log/containers/*.log' });
    expect(fixOf(change, 'own-log', 'yaml')).toContain("exclude_path: '*fluent-bit*'");
    expect(fixOf(change, 'own-log', 'classic')).toContain('Exclude_Path *fluent-bit*');
  });
});
