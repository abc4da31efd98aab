/** Values that a sender invents anew in each record make nothing grow without bound. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { codecFor } from '../../src/codecs/index.ts';
import { openDecisions } from '../../src/decisions/decisions.ts';
import { type Normalized, normalize } from '../../src/normalizers/index.ts';
import { eventKeys } from '../../src/outline/event-keys.ts';
import { OutlineOptions, Outlines } from '../../src/outline/outlines.ts';
import { join } from '../fast-path/bodies.ts';
import { outlinedRules } from '../fast-path/outlined-rules.ts';
import { plainEvents } from '../fast-path/records.ts';
import { limits } from '../server/app.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const isLong = process.env.FLOOD_RECORDS !== undefined;
const total = Number(process.env.FLOOD_RECORDS ?? 8_000);
const BATCH = 2000;

const options = { maxDepth: limits.maxDepth };
const template = JSON.stringify(plainEvents['secret get']);

type Change = (text: string, index: number) => string;
const user: Change = (text, index) => text.replace('"ann"', `"user-${index}"`);
const agent: Change = (text, index) => text.replace('kubectl/v1.33.2', `agent-${index}/${index}`);
const address: Change = (text, index) =>
  text.replace('203.0.113.7', `2001:db8::${(index >> 16).toString(16)}:${(index & 0xffff).toString(16)}`);
const name: Change = (text, index) =>
  text.replace('secrets/db', `secrets/n${index}`).replace('"name":"db"', `"name":"n${index}"`);
const namespace: Change = (text, index) =>
  text.replace('namespaces/shop', `namespaces/ns-${index}`).replace('"namespace":"shop"', `"namespace":"ns-${index}"`);
const verb: Change = (text, index) => text.replace('"verb":"get"', `"verb":"get${index}"`);
const beside: Change = (text, index) => `{"pod":"p-${index}",${text.slice(1)}`;

const classedAlone = [user, agent, address, name, namespace];

/** Sends records, and returns how often one was normalized and how much the heap has grown since the first tenth. */
function flood(changes: readonly Change[], count: number) {
  const decisionsFor = openDecisions(options);
  const outlining = new OutlineOptions(eventKeys('date', 'tripline'), limits.maxDepth);
  const codec = codecFor('application/x-ndjson')!;
  let [normalized, outlined, heap] = [0, 0, 0];
  for (let first = 0; first < count; first += BATCH) {
    const parts = Array.from({ length: BATCH }, (_, offset) =>
      Buffer.from(changes.reduce((text, change) => change(text, first + offset), template)),
    );
    const bytes = join('lines', parts);
    const outlines = new Outlines(bytes, outlining);
    for (const record of codec.decode(bytes, limits, outlines)) {
      if (record.kind !== 'map' || record.outline === undefined) throw new Error('not outlined');
      const normalizeRecord = (): Normalized => {
        normalized++;
        return normalize(codec.read(bytes, record, limits), options);
      };
      if (decisionsFor(outlinedRules[0]!).of(outlines, record.outline, normalizeRecord) !== undefined) outlined++;
    }
    if (first === Math.floor(count / 10 / BATCH) * BATCH) {
      collect();
      heap = process.memoryUsage().heapUsed;
    }
  }
  collect();
  return { normalized, outlined, grown: process.memoryUsage().heapUsed - heap };
}

test(
  'new users, agents, addresses, names and namespaces need no new decision, and no more memory',
  () => {
    const { normalized, outlined, grown } = flood(classedAlone, total);
    expect(outlined).toBe(total);
    // One for each class that rules distinguish.
    expect(normalized).toBeLessThan(50);
    expect(grown).toBeLessThan(24 * 1024 * 1024);
    if (isLong) console.log(`${total} records: ${normalized} decisions, ${grown} bytes more`);
  },
  60_000 + total,
);

test.each([
  ['verbs', verb],
  ['members beside the event', beside],
])('new %s need one decision each, and no more memory', (_, change) => {
  const count = 10_000;
  const { normalized, grown } = flood([change], count);
  // As many as without decisions.
  expect(normalized).toBeLessThanOrEqual(count + 1);
  expect(grown).toBeLessThan(48 * 1024 * 1024);
});
