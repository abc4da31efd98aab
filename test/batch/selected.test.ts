import { expect, test } from 'vitest';
import { digestOf } from '../../src/batch/digest.ts';
import { selected } from '../../src/batch/selected.ts';
import { taggedBody } from '../../src/batch/splice.ts';
import { codecFor } from '../../src/codecs/index.ts';
import type { Tag } from '../../src/tag.ts';
import { fluentMsgpack } from '../tagged.ts';
import { batchOf } from './batch-of.ts';

const clear: Tag = { v: 2, verdict: 'clear' };
const open = Buffer.from('9292d700ffffffff0000000081a1670180', 'hex');
const close = Buffer.from('9292d700fffffffe000000008080', 'hex');

const json = (text: string) => batchOf(codecFor('application/json')!, Buffer.from(text), () => clear);
const events = (...units: Uint8Array[]) =>
  batchOf(codecFor('application/msgpack')!, Buffer.concat(units), (index) => ({ ...clear, cluster: `${index}` }));

test('selecting all records gives the batch itself, and selecting none gives no batch', () => {
  const batch = json('[{"a":1}, {"b":2}]');
  expect(selected(batch, () => true)).toBe(batch);
  expect(selected(batch, () => false)).toBeUndefined();
});

test('selected records keep their tags, and can be used like any batch', () => {
  const batch = { ...json('[ {"a":1} , {"b":2}, 5, {"c":3} ]'), fluentTag: 'kube' };
  const tags = batch.records.map((_, index): Tag => ({ v: 2, verdict: 'match', cluster: `${index}` }));
  const part = selected({ ...batch, tags }, (index) => index % 2 === 1)!;
  expect(part).toMatchObject({ fluentTag: 'kube', memberName: 'tripline', receivedUnixNano: batch.receivedUnixNano });
  expect(part.tags).toEqual([tags[1], tags[3]]);
  const tag = (index: number) => `"tripline":{"v":2,"verdict":"match","cluster":"${index}"}`;
  expect(Buffer.from(taggedBody(part)).toString()).toBe(`[{"b":2,${tag(1)}},{"c":3,${tag(3)}}]`);
});

test('the rest of a body that is cut stays as it is', () => {
  const part = selected(json('[{"a":1},{"b":2},{"c":'), (index) => index > 0)!;
  expect(Buffer.from(part.bytes).toString()).toBe('[{"b":2},{"c":');
  expect(part.records.map(({ kind }) => kind)).toEqual(['map', 'other']);
});

test('markers of a group go with its records', () => {
  const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name) => fluentMsgpack({ name })) as [Buffer, Buffer, Buffer, Buffer];
  const units = [a, open, b, c, close, open, d, close];
  const of = (...chosen: Uint8Array[]) => {
    const part = selected(events(...units), (index) => chosen.includes(units[index]!));
    return part && Buffer.from(part.bytes).toString('hex');
  };
  const hex = (...parts: Uint8Array[]) => Buffer.concat(parts).toString('hex');
  expect(of(a)).toBe(hex(a));
  expect(of(c)).toBe(hex(open, c, close));
  expect(of(d)).toBe(hex(open, d, close));
  expect(of(a, b, d)).toBe(hex(a, open, b, close, open, d, close));
  expect(of()).toBeUndefined();
  expect(selected(events(open, a, b), (index) => index === 2)!.bytes).toEqual(Buffer.concat([open, b]));
  expect(selected(events(open, a, close), () => true)!.records).toHaveLength(3);
});

test('the digest is the same for a repeated batch, and differs for what is left of another batch', () => {
  const first = (batch: ReturnType<typeof json>) => digestOf(selected(batch, (index) => index === 0)!);
  const digest = first(json('[{"a":1},{"b":2}]'));
  expect(first(json('[{"a":1},{"b":2}]'))).toBe(digest);
  expect(first(json('[{"a":1},{"b":3}]'))).not.toBe(digest);
  expect(digestOf(selected(json('[{"a":1},{"b":2}]'), (index) => index === 1)!)).not.toBe(digest);
  expect(digestOf(json('[{"a":1}]'))).not.toBe(digest);
});
