import { expect, test } from 'vitest';
import { taggedBody } from '../../../src/batch/splice.ts';
import type { TaggedBatch } from '../../../src/batch/tagged-batch.ts';
import { codecNamed } from '../../../src/codecs/index.ts';
import { entryOf } from '../../../src/sinks/encode/log-event/index.ts';
import { batchFrom, bodyOf, entryFrom } from '../../../src/sinks/spool/entry.ts';
import { encodeEntry, findAt, makeEntry, readRest, Source } from '../../../src/sinks/spool/format.ts';
import { batchOf } from '../../batch/batch-of.ts';
import fc from '../../properties.ts';
import { fluentMsgpack } from '../../tagged.ts';

const groupStart = Buffer.from('9292d700ffffffff0000000081a16d0181a16101', 'hex');
const legacy = Buffer.from('92ce6553f10081a16e01', 'hex');
const text = Buffer.from('9292d7006553f100075bcd1580a26869', 'hex');

/** Bodies by the name of their codec, with records of each kind, some with a tag already. */
const bodies: Record<string, (kinds: readonly number[]) => Uint8Array> = {
  json: (kinds) =>
    Buffer.from(
      `[ ${kinds.map((kind) => ['7', '{ }', '{"n":1,"tripline":{"old":[1]},"é":"x"} ', '{"date":1700000000.5}'][kind]).join(' ,\n')} ] {"a"`,
    ),
  json_lines: (kinds) =>
    Buffer.from(kinds.map((kind) => ['text\r\n\n', ' {}\n', '{"tripline":1,"n":1}\r\n', '{"a":"é"}\n'][kind]).join('')),
  event_list: (kinds) =>
    Buffer.from(
      `{"kind":"EventList","items":[${kinds.map((kind) => ['7', '{ }', '{"n":1,"tripline":1}', '{"é":[]}'][kind]).join()}]}`,
    ),
  msgpack: (kinds) =>
    Buffer.concat(
      kinds.map((kind) => [text, legacy, groupStart, fluentMsgpack({ tripline: 1, n: 'x'.repeat(40) })][kind]!),
    ),
};

const mark = Buffer.from('8 bytes.');

interface Restored {
  batch: TaggedBatch;
  body: Uint8Array;
  records: number;
}

async function restored(batch: TaggedBatch): Promise<Restored> {
  return read(Buffer.concat(encodeEntry(mark, entryFrom(batch, 1))));
}

async function read(bytes: Buffer): Promise<Restored> {
  const source = new Source(
    {
      async read(buffer, offset, length, position) {
        return { bytesRead: bytes.copy(buffer, offset, position, position + length) };
      },
    },
    bytes.length,
    mark,
  );
  const found = await findAt(source, 0, true);
  if (found?.kind !== 'entry') throw new Error(found?.kind);
  const rest = (await readRest(source, found))!;
  return { batch: batchFrom(found.head, rest), body: bodyOf(found.head, rest), records: found.head.records };
}

test.each(Object.keys(bodies))(
  'a restored batch of %s is the same for a sink, and its body the same for a sender',
  async (layout) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(3), { minLength: 1, maxLength: 12 }),
        fc.option(fc.string(), { nil: undefined }),
        async (kinds, fluentTag) => {
          const tag = (n: number) => ({ v: 2 as const, verdict: 'clear' as const, ruleset: `r${n}` });
          const bytes = bodies[layout]!(kinds);
          const batch = { ...batchOf(codecNamed(layout)!, bytes, tag), fluentTag };
          const again = await restored(batch);
          expect(Buffer.from(again.body).equals(taggedBody(batch))).toBe(true);
          const entries = (of: TaggedBatch) => Buffer.concat(of.records.map((_, index) => entryOf(of, index)));
          expect(entries(again.batch).equals(entries(batch))).toBe(true);
          expect(again.records).toBe(batch.records.filter(({ kind }) => kind !== 'group').length);
          const { receivedUnixNano, dateKey, memberName } = batch;
          expect(again.batch).toMatchObject({ receivedUnixNano, dateKey, memberName });
          expect(again.batch.fluentTag).toBe(fluentTag);
        },
      ),
      { numRuns: 60 },
    );
  },
);

test('what a later version adds to a head is ignored', async () => {
  const batch = batchOf(codecNamed('json')!, Buffer.from('[{"a":1}]'), () => undefined);
  const { head, rest } = entryFrom(batch, 1);
  const added = { ...JSON.parse(Buffer.from(head).toString()), sealed: { by: 'x' } };
  const bytes = Buffer.concat(encodeEntry(mark, makeEntry(added, rest)));
  expect(Buffer.from((await read(bytes)).body).toString()).toBe('[{"a":1}]');
});

test('an entry in the layout of another version is refused, not read past its end', async () => {
  const batch = batchOf(codecNamed('json')!, Buffer.from('[{"a":1}]'), () => undefined);
  const { head: headBytes, rest } = entryFrom(batch, 1);
  const head = JSON.parse(Buffer.from(headBytes).toString());
  const table = Buffer.from(rest[0]!);
  table.writeUInt32LE(1_000, 4);
  expect(() => batchFrom(head, Buffer.concat([table, rest[1]!]))).toThrow('does not fit');
  expect(() => batchFrom({ ...head, codec: 'new' }, Buffer.concat(rest))).toThrow('layout new');
});
