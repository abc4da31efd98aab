import { describe, expect, it, test } from 'vitest';
import { codecFor } from '../../../src/codecs/index.ts';
import { jsonOf } from '../../../src/sinks/encode/json.ts';
import { entryOf } from '../../../src/sinks/encode/log-event/index.ts';
import type { Tag } from '../../../src/tag.ts';
import { batchOf } from '../../batch/batch-of.ts';
import { TAG } from '../../codecs/contract.ts';
import { jsonText } from '../../json/arbitrary.ts';
import { packedMap } from '../../msgpack/arbitrary.ts';
import fc from '../../properties.ts';

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');
const TIME = 'd7006553f100075bcd15';
const tagText = JSON.stringify(TAG);

function lines(mediaType: string, body: Buffer | string, tag?: Tag, dateKey = 'date'): string[] {
  const batch = { ...batchOf(codecFor(mediaType)!, Buffer.from(body as string), () => tag), dateKey };
  return batch.records.flatMap(({ kind }, index) =>
    kind === 'group' ? [] : [Buffer.from(jsonOf(batch, index)).toString()],
  );
}

describe('a record of JSON', () => {
  test.each([
    [
      'goes through',
      '[ {"a" :1.0, "b":18446744073709551615, "a":nan} ]',
      ['{"a" :1.0, "b":18446744073709551615, "a":nan}'],
    ],
    ['on several lines is one line', '{"a":\n[1,\n"\\n"]\r\n}\n{}', ['{"a": [1, "\\n"]\r }', '{}']],
    ['that is none keeps its line feeds', '{"a":"\n\\\n\\\\\n"}', ['{"a":"\\n\\n\\\\\\n"}']],
    ['that is no map is a log line', '["a\\n",7]', ['{"log":"\\"a\\\\n\\""}', '{"log":"7"}']],
  ])('that %s', (_, body, expected) => {
    expect(lines('application/json', body)).toEqual(expected);
  });

  test('on a line of its own has no whitespace around it', () => {
    expect(lines('application/x-ndjson', '  {"a":1} \r\nplain "text"\r\n')).toEqual([
      '{"a":1}',
      '{"log":"plain \\"text\\""}',
    ]);
  });

  test('has its tag', () => {
    expect(lines('application/json', '[{\n"a":1},{},{"tripline":0},7]', TAG)).toEqual([
      `{ "a":1,"tripline":${tagText}}`,
      `{"tripline":${tagText}}`,
      `{"tripline":${tagText}}`,
      `{"log":"7","tripline":${tagText}}`,
    ]);
  });
});

describe('a record of MessagePack', () => {
  const json = (body: string, tag?: Tag) => lines('application/msgpack', hex(body), tag);

  test.each([
    ['its time to the nanosecond', `9292${TIME}80 81a16101`, '{"date":1700000000.123456789,"a":1}'],
    ['a time of whole seconds', '92ce6553f100 81a16101', '{"date":1700000000.000000000,"a":1}'],
    ['a time near 1970', '92d7000000000000000001 80', '{"date":0.000000001}'],
    ['the time of its receipt, where it has none', '92ff 80', '{"date":1800000000.000000001}'],
    ['metadata', `9292${TIME}81a16d01 80`, '{"date":1700000000.123456789,"__internal__":{"log_metadata":{"m":1}}}'],
    ['a member of its own for the time', `92${TIME} 81a46461746505`, '{"date":5}'],
    [
      'a member of its own for the metadata',
      `9292${TIME}81a16d01 81ac5f5f696e7465726e616c5f5f05`,
      '{"date":1700000000.123456789,"__internal__":5}',
    ],
    ['text', `9292${TIME}80 a3610a62`, '{"date":1700000000.123456789,"log":"a\\nb"}'],
    ['neither map nor text', `9292${TIME}80 05`, '{"date":1700000000.123456789,"log":"kpLXAGVT8QAHW80VgAU="}'],
  ])('has %s', (_, body, expected) => {
    expect(json(body)).toEqual([expected]);
  });

  test('has the attributes of its group', () => {
    const group = '9292d700ffffffff00000000 80 81a16701';
    const end = '9292d700fffffffe00000000 80 80';
    const event = `92${TIME} 80`;
    expect(json(`${event}${group}${event}9292${TIME}81a16d01 80${end}${event}`)).toEqual([
      '{"date":1700000000.123456789}',
      '{"date":1700000000.123456789,"__internal__":{"group_attributes":{"g":1}}}',
      '{"date":1700000000.123456789,"__internal__":{"group_attributes":{"g":1},"log_metadata":{"m":1}}}',
      '{"date":1700000000.123456789}',
    ]);
  });

  test('has its tag, in place of an older one', () => {
    const [first, second] = json(`9292${TIME}8082 a8747269706c696e65 00 a16101 9292${TIME}8007`, TAG);
    expect(first).toBe(`{"date":1700000000.123456789,"tripline":${tagText},"a":1}`);
    expect(JSON.parse(second!)).toMatchObject({ tripline: TAG });
  });

  it('is JSON, whatever it contains', () => {
    fc.assert(
      fc.property(packedMap, packedMap, (metadata, map) => {
        const [line] = lines('application/msgpack', Buffer.concat([hex(`9292${TIME}`), metadata, map]), TAG);
        expect(JSON.parse(line!).tripline).toEqual(TAG);
        expect(line).not.toContain('\n');
      }),
    );
  });
});

test('JSON converted to MessagePack and back is the same record', () => {
  const { value } = jsonText({ space: ' ', beyondJson: false });
  const msgpack = codecFor('application/msgpack')!;
  fc.assert(
    fc.property(value, (text) => {
      const batch = batchOf(
        codecFor('application/json')!,
        Buffer.from(`{"date":1700000000.123456789,"a":${text}}`),
        () => undefined,
      );
      const entry = batchOf(msgpack, entryOf(batch, 0), () => undefined);
      // 1e400 exceeds the range of a float.
      fc.pre(!Buffer.from(jsonOf(entry, 0)).includes('Infinity'));
      const again = batchOf(codecFor('application/json')!, jsonOf(entry, 0), () => undefined);
      expect(Buffer.from(jsonOf(again, 0)).subarray(0, 33).toString()).toBe('{"date":1700000000.123456789,"a":');
      expect(Buffer.from(entryOf(again, 0)).equals(entryOf(batch, 0))).toBe(true);
    }),
  );
});
