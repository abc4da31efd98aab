import { describe, expect, it } from 'vitest';
import { taggedBody } from '../../src/batch/splice.ts';
import { eventList, firehose } from '../../src/codecs/items.ts';
import { batchOf } from '../batch/batch-of.ts';
import fc from '../properties.ts';
import { codecContract, LIMITS, type MadeBody, type MadeRecord, MEMBER, TAG } from './contract.ts';
import { jsonRecords, readExactly } from './json-layout.ts';

const { mapRecord, array, scalar, gap } = jsonRecords(' \n\r\t', true);
const valid = jsonRecords(' \n\r\t', false);

const item = fc.oneof({ weight: 4, arbitrary: mapRecord }, array, scalar);
const list = fc.array(item, { maxLength: 4 });
/** Members around the list. The key may occur in a nested map, with another value, or with escapes. */
const around = fc.constantFrom('"kind":"EventList"', '"metadata":{"items":[{"a":1}]}', '"items":null', 'items:"[{}]"');
const envelope = fc.record({ before: fc.array(around, { maxLength: 2 }), lists: fc.array(list, { maxLength: 2 }) });

const body: fc.Arbitrary<MadeBody> = fc
  .tuple(fc.oneof(envelope, list), fc.array(around, { maxLength: 2 }), fc.array(gap, { minLength: 30, maxLength: 30 }))
  .map(([made, after, gaps]) => {
    const framing: string[] = [];
    const records: MadeRecord[] = [];
    let between = '';
    const space = () => gaps[(framing.length + between.length) % gaps.length];
    const add = (items: readonly MadeRecord[]) => {
      items.forEach((record, i) => {
        framing.push(`${between}${i > 0 ? ',' : ''}${space()}`);
        records.push(record);
        between = space();
      });
    };
    if (Array.isArray(made)) {
      between = '[';
      add(made);
      between += ']';
    } else if (made.lists.length > 0) {
      between = `${space()}{${space()}`;
      for (const member of made.before) between += `${member}${space()},${space()}`;
      made.lists.forEach((items, i) => {
        between += `${i > 0 ? `${space()},` : ''}${i > 0 ? '"it\\u0065ms"' : '"items"'}${space()}:${space()}[`;
        add(items);
        between += ']';
      });
      for (const member of after) between += `,${space()}${member}`;
      between += `${space()}}${space()}`;
    }
    return { framing: [...framing, between].map((text) => Buffer.from(text)), records };
  });

const MiB = 2 ** 20;

codecContract({
  codec: eventList,
  body,
  readable: valid.mapText.map((text) => Buffer.from(`{"items":[${text}]}`)),
  oracle: (map) => readExactly(map.toString()),
  hostile: {
    '100,000 levels of arrays': Buffer.from(`{"items":[${'['.repeat(100_000)}${']'.repeat(100_000)}]}`),
    '4 million braces that never close': Buffer.alloc(4 * MiB, '{'),
    'the key 300,000 times': Buffer.from(`{${'"items":[],'.repeat(300_000)}"items":[{}]}`),
    'a list of lists that never close': Buffer.from(`{"items":${'['.repeat(4 * MiB)}`),
    'a million maps without the list': Buffer.from('{"a":1}'.repeat(MiB / 2)),
    'a key that never ends': Buffer.from(`{"items":[{}],"${'x'.repeat(4 * MiB)}`),
  },
});

const unitsOf = (text: string, codec = eventList) =>
  codec.decode(Buffer.from(text), LIMITS).map(({ kind, start, end }) => [kind, text.slice(start, end)]);
const tagged = (text: string) => Buffer.from(taggedBody(batchOf(eventList, Buffer.from(text), () => TAG))).toString();
const tag = `"${MEMBER}":${JSON.stringify(TAG)}`;

describe('items', () => {
  it('each get a tag, and the text around them is unchanged', () => {
    const text = '{"kind":"EventList", "metadata":{},"items":[ {"auditID":"a"},{} ,7],"more":1}\n';
    expect(tagged(text)).toBe(
      `{"kind":"EventList", "metadata":{},"items":[ {"auditID":"a",${tag}},{${tag}} ,7],"more":1}\n`,
    );
  });

  it('are only those under the key of the codec', () => {
    const text = '{"requestId":"1","records":[{"data":"e30="}],"items":[{"a":1}]}';
    expect(unitsOf(text, firehose)).toEqual([['map', '{"data":"e30="}']]);
    expect(unitsOf(text)).toEqual([['map', '{"a":1}']]);
  });

  it('may be absent: an empty list has nothing to tag', () => {
    expect(unitsOf('{"items":[]}')).toEqual([]);
    expect(tagged('{"items":[]}')).toBe('{"items":[]}');
  });

  it.each(['{"auditID":"a"}', '{"items":null}', '{"items":{"a":1}}', '{}', '{"items" [1]}'])(
    '%s has no list, and is one record',
    (text) => expect(unitsOf(text)).toEqual([['map', text]]),
  );

  it('a list that is cut keeps its complete items', () => {
    expect(unitsOf('{"items":[{"a":1},{"b":')).toEqual([
      ['map', '{"a":1}'],
      ['other', '{"b":'],
    ]);
    expect(unitsOf('{"items":[{"a":1}],"b')).toEqual([
      ['map', '{"a":1}'],
      ['other', '],"b'],
    ]);
    expect(() => unitsOf('{"kind":"EventList","items":[')).toThrow(
      expect.objectContaining({ code: 'body.unreadable' }),
    );
  });

  it('are framed as a JSON array', () => {
    expect(Buffer.from(eventList.frame([Buffer.from('{"items":[1]}')])).toString()).toBe('[{"items":[1]}]');
  });
});
