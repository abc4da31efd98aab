/** Tuning a rule from a finding: the proposed exception, what it silences, and which cases fail because of it. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { lintFile } from '../../src/authoring/lint.ts';
import {
  CannotTune,
  failsByIt,
  findById,
  noisiest,
  propose,
  subjectOf,
  type TuneInput,
  type TuneParts,
  tunableFields,
  tune,
} from '../../src/authoring/tune/index.ts';
import { withException } from '../../src/authoring/tune/with-exception.ts';
import { ndjson } from '../../src/codecs/ndjson.ts';
import { loadConfig } from '../../src/config/index.ts';
import { detect, type Ruleset } from '../../src/detect.ts';
import { normalize } from '../../src/normalizers/index.ts';
import type { Batch } from '../../src/pipeline.ts';
import { partsOf } from '../../src/pipeline-dependencies.ts';
import { loadRules } from '../../src/rules/index.ts';
import { parseRules } from '../../src/sigma/index.ts';
import fc from '../properties.ts';

const rule = `title: Pod that uses the network of its node
id: 7d1b5a0e-5f6e-4c3c-9a38-0a52a5d5c101
name: host-network
status: test
description: A pod asks for it.
tags: [attack.execution]
logsource: { product: kubernetes, service: audit }
detection:
  created: { action: create, resource: pods, subresource: '', hostNetwork: true }
  condition: created
falsepositives: [Agents of nodes]
level: medium
tripline:
  context: [username]
`;

const correlation = `${rule.replace('host-network', 'counted').replace('c101', 'c102')}---
title: Many such pods
id: 7d1b5a0e-5f6e-4c3c-9a38-0a52a5d5c103
name: many
status: test
correlation:
  type: event_count
  rules: [counted]
  group-by: [namespace]
  timespan: 10m
  condition: { gte: 3 }
falsepositives: [none]
level: high
`;

interface Pod {
  username?: string;
  namespace?: string;
  image?: string;
  name?: string;
  userAgent?: string;
  sourceIPs?: string[];
  minute?: number;
  impersonated?: string;
  body?: object | undefined;
}

function podRequest(auditID: string, pod: Pod = {}): Record<string, unknown> {
  const { username = 'system:serviceaccount:net:agent', namespace = 'net', minute = 0, impersonated } = pod;
  const time = `2026-01-15T10:${String(minute).padStart(2, '0')}:00Z`;
  const metadata = {
    name: 'agent',
    namespace,
    ownerReferences: [{ kind: 'DaemonSet', name: 'agent', controller: true }],
  };
  const spec = { hostNetwork: true, containers: [{ name: 'a', image: pod.image ?? 'registry.example.com/agent:1' }] };
  return {
    kind: 'Event',
    apiVersion: 'audit.k8s.io/v1',
    level: 'Request',
    auditID,
    stage: 'ResponseComplete',
    requestURI: `/api/v1/namespaces/${namespace}/pods`,
    verb: 'create',
    user: { username, groups: ['system:authenticated'] },
    ...(impersonated !== undefined && { impersonatedUser: { username: impersonated } }),
    sourceIPs: pod.sourceIPs ?? ['198.51.100.9'],
    userAgent: pod.userAgent ?? 'agent/1',
    objectRef: { resource: 'pods', namespace, name: pod.name ?? 'agent', apiVersion: 'v1' },
    responseStatus: { metadata: {}, code: 201 },
    ...('body' in pod ? pod.body : { requestObject: { kind: 'Pod', apiVersion: 'v1', metadata, spec } }),
    requestReceivedTimestamp: time,
    stageTimestamp: time,
  };
}

function batchesOf(...records: unknown[]): () => Batch[] {
  return () =>
    records.map((record) => {
      const bytes = Buffer.from(`${JSON.stringify(record)}\n`);
      return { codec: ndjson, bytes, fluentTag: undefined, receivedUnixNano: 1_800_000_000_000_000_000n };
    });
}

/** The rules of these files, in a folder of their own. */
function partsFor(files: Record<string, string>): TuneParts {
  const folder = mkdtempSync(join(tmpdir(), 'tripline-tune-'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const config = loadConfig({ path: undefined, overrides: { rules: [folder] }, environment: {}, bundledRules: folder });
  const { ruleset, problems } = loadRules(config);
  expect(problems).toEqual([]);
  return { ruleset, sources: config, pipelineOf: (rules) => partsOf(config, () => rules, []), today: '2026-11-29' };
}

const parts = partsFor({ 'host-network.yml': rule });

/** The last finding of a rule, by the identity with the most findings. */
async function noisiestOf(rule: string, records: TuneInput['records'], from: TuneParts) {
  const found = (await noisiest(records, from)).find((noise) => noise.rule === rule)!;
  return (await subjectOf(found.last, records, from))!;
}

function eventOf(record: unknown) {
  const normalized = normalize(record as Record<string, unknown>, {});
  if (normalized.kind !== 'audit') throw new Error('no event');
  return normalized.events[0];
}

/** Whether the rule still matches a record. */
function isFound(record: unknown, ruleset: Ruleset): boolean {
  const detection = detect(normalize(record as Record<string, unknown>, {}), ruleset);
  return 'findings' in detection && detection.findings.length > 0;
}

describe('the proposed exception', () => {
  const propose1 = (pod: Pod = {}, by?: string[]) =>
    propose(
      { rule: 'host-network', event: eventOf(podRequest('a-1', pod)) },
      { by, ruleset: parts.ruleset, today: '2026-11-29' },
    );

  it('is by user, namespace and resource', () => {
    const { yaml, name, fields, warnings } = propose1();
    expect(yaml.replace(/^id: .*\n/m, '')).toBe(`title: "Exception to host-network"
name: host-network-net-agent
description: |
  Say why this is expected, who asked for it, and when to look at it again.
date: 2026-11-29
logsource:
  product: kubernetes
  service: audit
filter:
  rules:
    - "host-network"
  known:
    username|cased: "system:serviceaccount:net:agent"
    namespace|cased: "net"
    resource|cased: "pods"
  condition: not known # what has to hold for a match to stay
`);
    expect(name).toBe('host-network-net-agent');
    expect(warnings).toEqual([]);
    expect(fields.filter(({ isChosen }) => isChosen).map(({ field }) => field)).toEqual([
      'username',
      'namespace',
      'resource',
    ]);
    expect(propose1().yaml).toBe(yaml);
  });

  it.each<[string, Pod, string[] | undefined, string[]]>([
    ['a user agent', {}, ['username', 'userAgent'], ['weak-field']],
    ['names and images', {}, ['username', 'name', 'images', 'workload'], Array(3).fill('weak-field')],
    ['a namespace alone', {}, ['namespace'], ['no-identity']],
    ['an address alone', {}, ['sourceIPs'], ['no-identity', 'weak-field']],
    ['nobody in particular', { username: 'system:anonymous' }, undefined, ['anybody', 'weak-field']],
    ['an account that pods share', { username: 'system:serviceaccount:net:default' }, undefined, ['shared-identity']],
    ['one who acts as others', { impersonated: 'ann' }, ['username'], ['impersonated']],
    ['one who acts as another', { impersonated: 'ann' }, undefined, []],
  ])('warns of %s', (_, pod, by, codes) => {
    expect(propose1(pod, by).warnings.map(({ code }) => code)).toEqual(codes);
  });

  it('refuses fields that it cannot use, and says which it can', () => {
    expect(() => propose1({}, ['user'])).toThrow(CannotTune);
    expect(() => propose1({}, [])).toThrow('no field is chosen');
    expect(() => propose1({}, ['usernam'])).toThrow("an exception cannot use 'usernam'");
    expect(() => propose1({ body: { requestObject: 'skipped-too-big-size-object' } }, ['images'])).toThrow(
      'the record does not contain images, or not all of it',
    );
  });

  it('matches exactly what the event contains, whatever that is, and nothing more', () => {
    const hostile = fc.oneof(
      fc.string({ unit: 'binary', minLength: 1, maxLength: 30 }),
      fc.constantFrom(
        '*',
        '?',
        '\\',
        '\\*',
        '"\n  condition: never',
        "'",
        '\u202enimda',
        '\u0000',
        '\ud800',
        'null',
        '#',
        '- a',
        '~',
      ),
      fc.constantFrom('a\\', '{}', '%admins%', 'a: b', 'a #b', '\u2028', '\ufeff', ' a ', '!!x', '&a', '0x1', 'ſ', 'K'),
    );
    fc.assert(
      fc.property(
        fc.record({ username: hostile, namespace: hostile, image: hostile, name: hostile, userAgent: hostile }),
        (pod) => {
          const record = podRequest('a-1', pod);
          const all = propose(
            { rule: 'host-network', event: eventOf(record) },
            { ruleset: parts.ruleset, today: '2026-11-29' },
          );
          const by = all.fields.map(({ field }) => field);
          const { yaml, name } = propose1(pod, by);
          expect(yaml).toMatch(/^[\n -~]*$/);
          expect(lintFile(yaml, `${name}.yml`, {})).toEqual([]);
          const { filters, rules, correlations } = parseRules(yaml, `${name}.yml`);
          expect([filters.length, rules.length, correlations.length]).toEqual([1, 0, 0]);
          expect([...filters[0]!.selections.keys()]).toEqual(['known']);
          const excepted = withException(parts.ruleset, { name, yaml });
          expect(isFound(record, excepted)).toBe(false);
          for (const field of ['username', 'image', 'userAgent'] as const) {
            expect(isFound(podRequest('a-2', { ...pod, [field]: `${pod[field]}x` }), excepted)).toBe(true);
          }
        },
      ),
      { numRuns: 15 },
    );
  });

  it('requires that lists contain nothing else', () => {
    const { yaml, name } = propose1({ sourceIPs: ['192.0.2.1', '198.51.100.9'] }, ['username', 'sourceIPs', 'images']);
    const excepted = withException(parts.ruleset, { name, yaml });
    expect(isFound(podRequest('a-2', { sourceIPs: ['198.51.100.9'] }), excepted)).toBe(false);
    // What a client puts into X-Forwarded-For is listed before its own address.
    expect(isFound(podRequest('a-3', { sourceIPs: ['192.0.2.1', '203.0.113.5'] }), excepted)).toBe(true);
    const spec = { hostNetwork: true, containers: [{ image: 'registry.example.com/agent:1' }, { image: 'evil' }] };
    expect(isFound(podRequest('a-4', { body: { requestObject: { kind: 'Pod', spec } } }), excepted)).toBe(true);
  });

  it('does not use the name of another exception', () => {
    const { yaml, name } = propose1();
    const ruleset = withException(parts.ruleset, { name, yaml });
    const event = eventOf(podRequest('a-1'));
    expect(propose({ rule: 'host-network', event }, { ruleset, today: '2026-11-29' }).name).toBe(`${name}-2`);
  });

  it('has a reason for each field that an attacker can choose', () => {
    const strong = tunableFields.filter(({ weak }) => weak === undefined).map(({ field }) => field);
    expect(strong).toEqual(['username', 'impersonatedUser', 'cluster', 'namespace', 'verb', 'resource', 'subresource']);
  });
});

describe('what it silences', () => {
  async function tuned(records: TuneInput['records'], by: string[] | undefined, from = parts, wanted = 'host-network') {
    return tune({ subject: await noisiestOf(wanted, records, from), by, records }, from);
  }

  it('is found by evaluating the records again', async () => {
    const records = batchesOf(
      podRequest('c-1', { namespace: 'shop' }),
      podRequest('b-1', { username: 'ann' }),
      podRequest('a-1'),
      podRequest('a-2'),
      podRequest('a-2'), // A retry is the same finding.
    );
    const narrow = await tuned(records, undefined);
    expect(narrow.silences).toMatchObject({ of: 4, otherIdentities: 0, undecided: [], instead: [] });
    expect(narrow.silences.ids).toHaveLength(2);
    const wide = await tuned(records, ['namespace']);
    expect(wide.silences).toMatchObject({ of: 4, otherIdentities: 1 });
    expect(wide.silences.ids).toHaveLength(3);
    expect(wide.warnings.map(({ code }) => code)).toEqual(['no-identity', 'no-cases', 'other-identities']);
  });

  it('distinguishes anonymous users only by their address', async () => {
    const anybody = { username: 'system:anonymous' };
    const records = batchesOf(
      podRequest('a-1', anybody),
      podRequest('a-2', anybody),
      podRequest('b-1', { ...anybody, sourceIPs: ['203.0.113.5'] }),
    );
    expect((await tuned(records, ['username'])).silences).toMatchObject({ of: 3, otherIdentities: 1 });
    expect((await tuned(records, undefined)).silences.ids).toHaveLength(2);
  });

  it('does not include what becomes undecided', async () => {
    const created = partsFor({ 'host-network.yml': rule.replace(', hostNetwork: true', '') });
    const records = batchesOf(podRequest('b-1', { body: {} }), podRequest('a-1'));
    const { silences, warnings } = await tuned(records, ['username', 'images'], created);
    expect([silences.of, silences.ids.length, silences.undecided.length]).toEqual([2, 1, 1]);
    expect(warnings.map(({ code }) => code)).toContain('undecided');
  });

  it('counts findings of rules in shadow mode', async () => {
    const shadow = partsFor({ 'host-network.yml': rule.replace('tripline:', 'tripline:\n  mode: shadow') });
    expect((await tuned(batchesOf(podRequest('a-1')), undefined, shadow)).silences).toMatchObject({ of: 1 });
  });

  it('is, for a correlation, what it no longer finds without the silenced findings of its rules', async () => {
    const counting = partsFor({ 'many.yml': correlation });
    const records = batchesOf(...[0, 1, 2].map((minute) => podRequest(`a-${minute}`, { minute })));
    const { yaml, rules, silences, warnings } = await tuned(records, undefined, counting, 'many');
    expect(parseRules(yaml, 'x.yml').filters[0]!.rules).toEqual(['counted']);
    expect(rules).toEqual(['counted']);
    expect(silences).toMatchObject({ of: 1, otherIdentities: 0, instead: [] });
    expect(silences.ids).toHaveLength(1);
    expect(warnings.map(({ code }) => code)).toEqual(['correlation', 'no-cases']);
  });

  it('is nothing for a correlation that still counts enough others', async () => {
    const counting = partsFor({ 'many.yml': correlation });
    const pods = [...[0, 1, 2].map((minute) => ({ minute, username: 'ann' })), { minute: 3 }];
    const records = batchesOf(...pods.map((pod, index) => podRequest(`a-${index}`, pod)));
    const event = eventOf(podRequest('a-3', { minute: 3 }));
    const found = await noisiestOf('many', records, counting);
    const { silences, warnings } = await tune({ subject: { ...found, event }, records }, counting);
    expect(silences).toMatchObject({ of: 1, ids: [] });
    expect(warnings.map(({ code }) => code)).toContain('not-silenced');
  });

  it('is unknown for a finding that the records do not reproduce', async () => {
    const subject = { id: 'gone', rule: 'host-network', event: eventOf(podRequest('a-9')) };
    const { silences, warnings } = await tune(
      { subject, records: batchesOf(podRequest('a-1', { username: 'ann' })) },
      parts,
    );
    expect(silences).toMatchObject({ of: 1, ids: [] });
    expect(warnings.map(({ code }) => code)).toContain('not-found-again');
  });

  it('can start from the id of a finding', async () => {
    const records = batchesOf(podRequest('b-1', { username: 'ann' }), podRequest('a-1'), podRequest('a-2'));
    const { silences } = await tuned(records, ['username']);
    const [id] = silences.ids;
    expect((await findById(id!, records, parts))?.event?.auditID).toBe('a-1');
    expect(await findById('none', records, parts)).toBeUndefined();
  });
});

describe('which cases fail', () => {
  const cases = {
    lists: { agents: ['ann'] },
    matches: [
      { name: 'by a person', record: podRequest('m-1', { username: 'ann', namespace: 'shop' }) },
      { name: 'in the same namespace', record: podRequest('m-2', { username: 'bob' }) },
      { name: 'wrong as it is', record: podRequest('m-3', { body: { requestObject: {} } }) },
    ],
    ignores: [{ name: 'no body', record: podRequest('i-1', { body: { requestObject: { kind: 'Pod', spec: {} } } }) }],
  };
  const tried = partsFor({ 'host-network.yml': rule, 'host-network.cases.json': JSON.stringify(cases) });
  const records = batchesOf(podRequest('a-1'));

  it('is found by running them, with the list values that they define', async () => {
    const subject = await noisiestOf('host-network', records, tried);
    const narrow = await tune({ subject, records }, tried);
    expect(narrow.cases.map(({ name, want, answer }) => [name, want, answer])).toEqual([
      ['by a person', 'matches', 'matches'],
      ['in the same namespace', 'matches', 'matches'],
      ['wrong as it is', 'matches', 'ignores'],
      ['no body', 'ignores', 'ignores'],
    ]);
    expect(narrow.cases.some(failsByIt)).toBe(false);
    expect(narrow.warnings).toEqual([]);

    const wide = await tune({ subject, by: ['namespace'], records }, tried);
    expect(wide.cases[0]).toMatchObject({ name: 'in the same namespace', answer: 'ignores', before: 'matches' });
    expect(wide.cases.filter(failsByIt)).toHaveLength(1);
    expect(wide.warnings.map(({ code }) => code)).toEqual(['no-identity', 'case-fails']);
  });
});
