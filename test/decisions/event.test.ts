/** The event of an outline has the members of the event that normalizing its record makes, each by itself and as a whole. */
import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { type CorpusName, corpora } from '../../bench/corpora/index.ts';
import { wholeOf } from '../../src/audit/lazy-event.ts';
import { codecFor } from '../../src/codecs/index.ts';
import { openDecisions } from '../../src/decisions/decisions.ts';
import { normalize } from '../../src/normalizers/index.ts';
import { eventKeys } from '../../src/outline/event-keys.ts';
import { OutlineOptions, Outlines } from '../../src/outline/outlines.ts';
import { AuditEvent } from '../../src/record.ts';
import { join, type Layout, mediaTypes } from '../fast-path/bodies.ts';
import { treeOf } from '../fast-path/json-tree.ts';
import { packEvent } from '../fast-path/msgpack-text.ts';
import { oddBody } from '../fast-path/odd-records.ts';
import { outlinedRules } from '../fast-path/outlined-rules.ts';
import { records } from '../fast-path/records.ts';
import { randomFrom } from '../fuzz/fuzz.ts';
import { limits } from '../server/app.ts';

const members = Object.keys(AuditEvent.properties) as (keyof AuditEvent)[];
const options = { maxDepth: limits.maxDepth };

/** Compares every record of a body, and returns the share that was outlined. */
function check(layout: Layout, bytes: Buffer, decisionsFor: ReturnType<typeof openDecisions>): number {
  const codec = codecFor(mediaTypes[layout])!;
  const outlines = new Outlines(bytes, new OutlineOptions(eventKeys('date', 'tripline'), limits.maxDepth));
  const decoded = codec.decode(bytes, limits, outlines).filter((record) => record.kind === 'map');
  const decisions = decisionsFor(outlinedRules[0]!);
  let outlined = 0;
  for (const [index, record] of decoded.entries()) {
    const normalizeRecord = () => normalize(codec.read(bytes, record, limits), options);
    if (record.outline === undefined) continue;
    const found = decisions.of(outlines, record.outline, normalizeRecord);
    if (found === undefined) continue;
    outlined++;
    const normalized = normalizeRecord();
    if (normalized.kind !== 'audit') throw new Error(`record ${index} is no event`);
    const [event] = normalized.events;
    const message = bytes.subarray(record.start, Math.min(record.end, record.start + 3000)).toString();
    if (index % 2 === 0) expect(wholeOf(found.event), message).toEqual(event);
    for (const member of index % 3 === 0 ? members.toReversed() : members) {
      expect(found.event[member], `${member} of ${message}`).toEqual(event[member]);
    }
    expect(found.event.whole(), message).toEqual(event);
  }
  return outlined / decoded.length;
}

const fixtures = globSync('**/*.input.json', {
  cwd: fileURLToPath(new URL('../fixtures/normalizers', import.meta.url)),
}).map(
  (file) => JSON.parse(readFileSync(new URL(`../fixtures/normalizers/${file}`, import.meta.url), 'utf8')) as unknown,
);

const bodyOf = (layout: Layout, values: readonly unknown[]) => {
  const random = randomFrom(3);
  const pack = (value: unknown, index: number) => packEvent(treeOf(value), index % 3 === 2 ? random : undefined);
  return join(
    layout,
    values.map((value, index) => (layout === 'msgpack' ? pack(value, index) : Buffer.from(JSON.stringify(value)))),
  );
};

const layouts = ['lines', 'msgpack'] as const;

test.each(Object.keys(corpora) as CorpusName[])('records of the corpus %s', (name) => {
  const values = corpora[name](name === 'large' ? 6 : 120, 4).map((text) => JSON.parse(text) as unknown);
  const decisionsFor = openDecisions(options);
  const shares = layouts.map((layout) => check(layout, bodyOf(layout, values), decisionsFor));
  // GKE logs in a shape of its own; the small and the hostile corpora lack members.
  if (['ordinary', 'eks', 'aks', 'attack'].includes(name)) expect(Math.min(...shares)).toBeGreaterThan(0.6);
});

test.each(layouts)('fixtures and single records in %s', (layout) => {
  const values = [...fixtures, ...Object.values(records)];
  const decisionsFor = openDecisions(options);
  // In both orders: an event is the same whichever came before.
  check(layout, bodyOf(layout, values), decisionsFor);
  check(layout, bodyOf(layout, values.toReversed()), decisionsFor);
});

test.each(layouts)('odd records in %s', (layout) => {
  check(layout, oddBody(layout, 3), openDecisions(options));
});
