import Type from 'typebox';
import { Value } from 'typebox/value';
import { expect, test } from 'vitest';
import { detect } from '../src/detect.ts';
import { normalize } from '../src/normalizers/index.ts';
import { Problem } from '../src/problem.ts';
import { Tag } from '../src/record.ts';
import { loadRules } from '../src/rules.ts';
import { tagger } from '../src/tagger.ts';
import { bundledRules, podEvent } from './server/app.ts';

const { ruleset } = loadRules([bundledRules]);
const options = { ruleset: ruleset.hash, clearEventFields: [] };
const tagOf = (record: unknown, tag = tagger(options)) => tag(detect(normalize(record), ruleset));

const { requestObject: _, ...unlogged }: Record<string, unknown> = { ...podEvent(), level: 'Metadata' };
const strict = Type.Object(Tag.properties, { additionalProperties: false });

test.each([
  ['match', podEvent()],
  ['clear', podEvent({ hostPID: false })],
  ['indeterminate', unlogged],
  ['not_audit', { log: 'text' }],
])('a %s tag is as declared, without a member that is undefined', (verdict, record) => {
  const tag = tagOf(record);
  expect(tag.verdict).toBe(verdict);
  expect([...Value.Errors(strict, tag)]).toEqual([]);
  expect(JSON.parse(JSON.stringify(tag))).toStrictEqual(tag);
});

test('an error tag names code and message', () => {
  const tag = tagger(options)({ verdict: 'error', problem: new Problem('record.malformed', 'byte 7: cut') });
  expect(tag).toEqual({
    v: 1,
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

test('clear records carry the members of the event that are asked for', () => {
  const tag = tagger({ ...options, clearEventFields: ['username', 'verb'] });
  expect(tagOf(podEvent({ hostPID: false }), tag).event).toEqual({ username: 'ann', verb: 'create' });
});
