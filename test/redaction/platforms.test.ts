/** What is masked by its path is masked for every reader of the event, on every platform and in every known wrapper. */
import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { ndjson } from '../../src/codecs/ndjson.ts';
import { member } from '../../src/json/map.ts';
import { normalize } from '../../src/normalizers/index.ts';
import { type RedactSettings, redactor } from '../../src/redaction/index.ts';
import { batchOf } from '../batch/batch-of.ts';

const folder = fileURLToPath(new URL('../fixtures/normalizers', import.meta.url));
const inputs = globSync(`${folder}/*/*.input.json`).sort();
const limits = { maxDepth: 256, maxRecords: 1000 };

function eventsIn(value: unknown) {
  const normalized = normalize(value);
  return normalized.kind === 'audit' ? normalized.events : [];
}

type Event = ReturnType<typeof eventsIn>[number];

/** Texts and numbers in a value. */
function leavesOf(value: unknown): unknown[] {
  if (typeof value !== 'object' || value === null) return [null, undefined, ''].includes(value as never) ? [] : [value];
  return Object.values(value).flatMap(leavesOf);
}

const paths: Record<string, (event: Event) => unknown> = {
  requestObject: ({ requestObject }) => requestObject,
  responseObject: ({ responseObject }) => responseObject,
  'user.username': ({ user }) => user.username,
  'user.groups': ({ user }) => user.groups,
  'user.extra': ({ user }) => user.extra,
  'impersonatedUser.username': ({ impersonatedUser }) => impersonatedUser?.username,
  userAgent: ({ userAgent }) => userAgent,
  sourceIPs: ({ sourceIPs }) => sourceIPs,
  annotations: ({ annotations }) => annotations,
};

const known = new Map<string, readonly Event[]>();

function eventsOf(line: string): readonly Event[] {
  const events = known.get(line) ?? eventsIn(JSON.parse(line));
  known.set(line, events);
  return events;
}

/** What events show of a member after a record was masked, and how often it had a value before. */
function shownOf(lines: readonly string[], settings: RedactSettings, memberOf: (event: Event) => unknown) {
  const redact = redactor(settings, (error) => {
    throw error;
  });
  const shown: unknown[] = [];
  let before = 0;
  for (const line of lines) {
    if (eventsOf(line).some((event) => leavesOf(memberOf(event)).length > 0)) before++;
    const batch = batchOf(ndjson, Buffer.from(line), () => ({ v: 2, verdict: 'clear' }), limits);
    for (const event of eventsIn(JSON.parse(Buffer.from(redact(batch).bytes).toString()))) {
      const leaves = leavesOf(memberOf(event)).filter((leaf) => leaf !== '[redacted]');
      if (leaves.length > 0) shown.push([leaves, line]);
    }
  }
  return { shown, before };
}

const lines = inputs.map((input) => JSON.stringify(JSON.parse(readFileSync(input, 'utf8'))));

test.each(Object.keys(paths))('the path %s is masked', (path) => {
  const { shown, before } = shownOf(lines, { paths: [path] }, paths[path]!);
  expect(shown).toEqual([]);
  expect(before).toBeGreaterThan(path === 'impersonatedUser.username' ? 1 : 20);
});

test('bodies of events about Secrets are masked', () => {
  const ofSecrets = lines.map((line) => line.replaceAll('pods', 'secrets'));
  const bodies = ({ objectRef, requestObject, responseObject }: Event) =>
    objectRef?.resource === 'secrets' ? [requestObject, responseObject].map((body) => member(body, 'spec')) : null;
  const { shown, before } = shownOf(ofSecrets, { secrets: true }, bodies);
  expect(shown).toEqual([]);
  expect(before).toBeGreaterThan(50);
});
