import Type from 'typebox';
import { Value } from 'typebox/value';
import { expect, test } from 'vitest';
import { detect } from '../src/detect.ts';
import { normalize } from '../src/normalizers/index.ts';
import { Problem } from '../src/problem.ts';
import { loadRules } from '../src/rules/index.ts';
import { Tag } from '../src/tag.ts';
import { openTagger, tagger } from '../src/tagger.ts';
import { hostPidRules, podEvent } from './server/app.ts';

const { ruleset } = loadRules({ rules: hostPidRules });
const options = { ruleset: ruleset.hash, clearEventFields: [] };
const tagOf = (record: unknown, tag = tagger(options)) => tag(detect(normalize(record), ruleset));

const { requestObject: _, ...unlogged }: Record<string, unknown> = { ...podEvent(), level: 'Metadata' };
const strict = Type.Object(Tag.properties, { additionalProperties: false });

test.each([
  ['match', podEvent()],
  ['clear', podEvent({ hostPID: false })],
  ['indeterminate', unlogged],
  ['not_audit', { log: 'text' }],
])('a %s tag is as declared, without undefined members', (verdict, record) => {
  const tag = tagOf(record);
  expect(tag.verdict).toBe(verdict);
  expect([...Value.Errors(strict, tag)]).toEqual([]);
  expect(JSON.parse(JSON.stringify(tag))).toStrictEqual(tag);
});

test('an error tag names code and message', () => {
  const tag = tagger(options)({ verdict: 'error', problem: new Problem('record.malformed', 'byte 7: cut') });
  expect(tag).toEqual({
    v: 2,
    verdict: 'error',
    problem: { code: 'record.malformed', message: 'byte 7: cut' },
    ruleset: ruleset.hash,
  });
});

test('clear records of one cluster share one tag object', () => {
  const tag = tagger(options);
  const first = tagOf(podEvent({ hostPID: false, auditID: 'a-1' }), tag);
  expect(tagOf(podEvent({ hostPID: false, auditID: 'a-2' }), tag)).toBe(first);
  expect(tagOf({ ...podEvent({ hostPID: false }), cluster_name: 'other' }, tag)).not.toBe(first);
});

test('clear records of later batches share it too, until the rules change', () => {
  const open = openTagger({ clearEventFields: [] });
  const record = podEvent({ hostPID: false });
  const first = tagOf(record, open('rules 1'));
  expect(tagOf(record, open('rules 1'))).toBe(first);
  const second = tagOf(record, open('rules 2'));
  expect([first.ruleset, second.ruleset]).toEqual(['rules 1', 'rules 2']);
  expect(tagOf(record, open('rules 1'))).toEqual(first);
});

test('records that are not audit records share one tag', () => {
  expect(tagOf({ log: 'a' }, tagger(options))).toBe(tagOf({ log: 'b' }, tagger({ ...options, ruleset: 'other' })));
});

test('cluster names do not fill the memory', () => {
  const tag = tagger(options);
  const clear = (name: string) => tagOf({ ...podEvent({ hostPID: false }), cluster_name: name }, tag);
  const first = clear('first');
  expect(clear('first')).toBe(first);
  for (let index = 0; index < 1000; index++) clear(`made up ${index}`);
  expect(clear('first')).not.toBe(first);
  expect(clear('first')).toEqual(first);
  const long = 'x'.repeat(100_000);
  expect(clear(long)).not.toBe(clear(long));
  expect(clear(long)).toEqual(clear(long));
});

test('clear records carry the requested members of the event', () => {
  const tag = tagger({ ...options, clearEventFields: ['username', 'verb'] });
  expect(tagOf(podEvent({ hostPID: false }), tag).event).toEqual({ username: 'ann', verb: 'create' });
});

test('a cluster named undefined is not mistaken for no cluster', () => {
  const tag = tagger(options);
  expect(tagOf({ ...podEvent({ hostPID: false }), cluster_name: 'undefined' }, tag).cluster).toBe('undefined');
  expect(tagOf(podEvent({ hostPID: false }), tag)).not.toHaveProperty('cluster');
});

test('long values from a client do not make the tag long', () => {
  const long = 'x'.repeat(1_000_000);
  const event = {
    ...podEvent(),
    auditID: long,
    user: { username: long },
    impersonatedUser: { username: long },
    userAgent: long,
    requestURI: `/api/v1/namespaces/${long}/pods?${long}`,
    sourceIPs: Array(10_000).fill(long.slice(0, 100)),
    objectRef: { resource: 'pods', namespace: long, name: long },
    responseStatus: { code: 201, reason: long, message: long },
    cluster: long,
  };
  const tag = tagOf(event);
  expect(tag.verdict).toBe('match');
  expect(JSON.stringify(tag).length).toBeLessThan(100_000);
  const all = tagger({ ...options, clearEventFields: ['username', 'userAgent', 'sourceIPs', 'responseStatus'] });
  const clear = tagOf({ ...event, requestObject: { spec: { hostPID: false } } }, all);
  expect(clear.verdict).toBe('clear');
  expect(JSON.stringify(clear).length).toBeLessThan(50_000);
});

test('the first of many findings and undecided rules are listed, and the others counted', () => {
  const listOf = (event: (n: number) => unknown) => ({
    kind: 'EventList',
    apiVersion: 'audit.k8s.io/v1',
    items: Array.from({ length: 1500 }, (_, n) => event(n)),
  });
  const many = tagOf(listOf((n) => podEvent({ auditID: `a-${n}` })));
  expect(many.findings).toHaveLength(1000);
  expect(many).toMatchObject({ omitted: 500, rules: ['pod-host-pid'], level: 'medium' });
  const open = tagOf(listOf(() => unlogged));
  expect(open.undecided).toHaveLength(1000);
  expect(open.omitted).toBe(500);
  expect([...Value.Errors(strict, many)]).toEqual([]);
});

test('a clear tag with shadow findings or silenced matches lists them and has the event, as declared', () => {
  const detection = detect(normalize(podEvent()), ruleset);
  if (detection.verdict !== 'match') throw new Error(detection.verdict);
  const { findings: shadow } = detection;
  const silenced = [{ rule: 'pod-host-pid', exception: 'ours', event: 0 }];
  const tag = tagger(options);
  const clear = { ...detection, verdict: 'clear' as const, findings: [] };
  const tags = [tag({ ...clear, shadow }), tag({ ...clear, silenced })];
  expect(tags).toMatchObject([
    { verdict: 'clear', shadow: [{ rule: 'pod-host-pid' }], event: { username: 'ann' } },
    { verdict: 'clear', silenced, event: { username: 'ann' } },
  ]);
  for (const each of tags) {
    expect([...Value.Errors(strict, each)]).toEqual([]);
    for (const key of ['level', 'rules', 'attack', 'findings']) expect(each).not.toHaveProperty(key);
  }
});

test('the first of many shadow findings and silenced matches are listed, and the others counted', () => {
  const detection = detect(normalize(podEvent()), ruleset);
  if (detection.verdict !== 'match') throw new Error(detection.verdict);
  const silenced = Array(1001).fill({ rule: 'r', exception: 'e', event: 0 });
  const tag = tagger(options)({ ...detection, shadow: Array(1002).fill(detection.findings[0]), silenced });
  expect([tag.shadow?.length, tag.silenced?.length, tag.omitted]).toEqual([1000, 1000, 3]);
});
