/** `tripline rules` and `tripline coverage`: what the rule set contains. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { describe, expect, test } from 'vitest';
import { attackOf, tactics } from '../../src/attack.ts';
import { exampleFolder, ruleText } from './files.ts';
import { run } from './run.ts';

const folder = exampleFolder();
const rules = join(folder, 'my-rules');

describe('rules', () => {
  test('are JSON lines in a pipe', async () => {
    const { status, stdout } = await run(['rules', '--rules', rules]);
    expect(JSON.parse(stdout)).toMatchObject({
      name: 'pod-in-default',
      level: 'low',
      mode: 'live',
      kind: 'rule',
      attack: [{ tactic: 'TA0002', technique: 'T1610' }],
      path: join(rules, 'pod-in-default.yml'),
    });
    expect(status).toBe(0);
  });

  test('are a table on a terminal, cut to its width', async () => {
    const { stdout } = await run(['rules', '--rules', rules], { columns: 80 });
    expect(stdout).toBe(
      'NAME            LEVEL  MODE  ATT&CK  TITLE\npod-in-default  low    live  T1610   Pod in the default namespace\n',
    );
    expect((await run(['rules', '--rules', rules, '-o', 'ndjson'], { columns: 60 })).stdout).toMatch(/^\{/);
    for (const line of (await run(['rules'], { columns: 60 })).stdout.split('\n')) expect(line.length).toBeLessThan(61);
  });

  test('have the level and mode of the configuration, and are listed even if they are off', async () => {
    const config = join(folder, 'overrides.yaml');
    writeFileSync(config, 'overrides: { pod-in-default: { mode: off, level: high } }\n');
    // At least one rule has to be live.
    const other = join(folder, 'other.yml');
    writeFileSync(other, ruleText.replace('c001', 'c002').replace('name: pod-in-default', 'name: other'));
    const { stdout } = await run(['rules', '--rules', rules, '--rules', other, '--config', config, '-o', 'ndjson']);
    const listed = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(listed.map(({ name, mode, level }) => [name, mode, level])).toEqual([
      ['pod-in-default', 'off', 'high'],
      ['other', 'live', 'low'],
    ]);
  });
});

describe('coverage', () => {
  /** What the format requires, according to its description.
   * @see https://github.com/mitre-attack/attack-navigator/blob/master/layers/spec/v4.5/layerformat.md */
  const text = { type: 'string' };
  const layer = new Ajv({ strict: false }).compile({
    type: 'object',
    required: ['name', 'domain', 'versions'],
    additionalProperties: false,
    properties: {
      name: text,
      description: text,
      domain: { const: 'enterprise-attack' },
      versions: {
        type: 'object',
        required: ['layer', 'navigator'],
        properties: { layer: { const: '4.5' }, navigator: { pattern: '^(4\\.9|[5-9])\\.' } },
      },
      sorting: { enum: [0, 1, 2, 3] },
      layout: {
        type: 'object',
        additionalProperties: false,
        properties: {
          layout: { enum: ['side', 'flat', 'mini'] },
          showID: { type: 'boolean' },
          showName: { type: 'boolean' },
          expandedSubtechniques: { enum: ['none', 'all', 'annotated'] },
        },
      },
      techniques: {
        type: 'array',
        items: {
          type: 'object',
          required: ['techniqueID'],
          additionalProperties: false,
          properties: {
            techniqueID: { type: 'string', pattern: '^T\\d{4}(\\.\\d{3})?$' },
            tactic: { enum: Object.keys(tactics) },
            score: { type: 'number' },
            comment: text,
          },
        },
      },
      gradient: {
        type: 'object',
        required: ['colors', 'minValue', 'maxValue'],
        properties: {
          colors: { type: 'array', minItems: 2, items: { type: 'string', pattern: '^#[0-9a-f]{6}$' } },
          minValue: { type: 'number' },
          maxValue: { type: 'number', exclusiveMinimum: 0 },
        },
      },
    },
  });

  test('it is a layer with one entry for each technique that a rule is tagged with', async () => {
    const { stdout } = await run(['coverage']);
    const written = JSON.parse(stdout);
    layer(written);
    expect(layer.errors).toBeNull();
    const ids = written.techniques.map(({ techniqueID }: any) => techniqueID);
    expect(new Set(ids).size).toBe(ids.length);
    expect(written.techniques.find(({ techniqueID }: any) => techniqueID === 'T1611').comment).toContain(
      'pod-host-pid',
    );
    for (const { score, comment } of written.techniques) expect(comment.split('\n').length).toBe(score);
  });

  test('a tactic is named if all rules agree on it', async () => {
    const other = join(folder, 'another.yml');
    const change = (text: string) => text.replace('c001', 'c003').replace('name: pod-in-default', 'name: another');
    writeFileSync(
      other,
      change(ruleText).replace('attack.execution, attack.t1610', 'attack.t1610, attack.impact, attack.t1485'),
    );
    const { techniques } = JSON.parse((await run(['coverage', '--rules', rules, '--rules', other])).stdout);
    expect(techniques).toEqual([
      { techniqueID: 'T1485', tactic: 'impact', score: 1, comment: 'another' },
      { techniqueID: 'T1610', score: 2, comment: 'pod-in-default\nanother' },
    ]);
    expect(attackOf(['attack.impact'])).toEqual([]);
  });
});
