import { describe, expect, it } from 'vitest';
import { selected } from '../../src/batch/selected.ts';
import { taggedBody, taggedBodyAndRecords } from '../../src/batch/splice.ts';
import { otlp } from '../../src/codecs/otlp.ts';
import type { LogRecord } from '../../src/record.ts';
import { batchOf } from '../batch/batch-of.ts';
import { anyValue, decodeOtlp, encodeOtlp, keyValues, mapOf, valueIn } from '../otlp/proto.ts';
import fc from '../properties.ts';
import { codecContract, LIMITS, type MadeBody, type MadeRecord, MEMBER, TAG } from './contract.ts';

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');

function varint(value: number, width = 1): Buffer {
  const bytes: number[] = [];
  for (let rest = value; rest > 0 || bytes.length < width; rest = Math.floor(rest / 128))
    bytes.push((rest % 128) | 0x80);
  bytes[bytes.length - 1]! &= 0x7f;
  return Buffer.from(bytes);
}

/** A field whose key and length may be wider than they need be. */
const wide = fc.nat(2);
const header = (number: number, length: number, width: number) =>
  Buffer.concat([varint(number * 8 + 2, 1 + (width % 2)), varint(length, width)]);

const key = fc.oneof({ weight: 3, arbitrary: fc.constant(MEMBER) }, fc.string({ maxLength: 4 }));
const jsonValue = fc.jsonValue({ maxDepth: 3 });
const unknownField = fc.constantFrom(
  hex('a0 06 96 01'), // a varint
  hex('a5 06 01020304'),
  hex('a1 06 0102030405060708'),
  hex('a2 06 03 0aff12'), // packed, or an invalid message
  hex('a3 06 08 01 0b 0c a4 06'), // a group in a group
);
const attribute = fc
  .tuple(key, jsonValue)
  .map(([name, value]) => ({ name, bytes: encodeOtlp('LogRecord', { attributes: keyValues({ [name]: value }) }) }));
const otherField = fc.oneof(
  jsonValue.map((value) => encodeOtlp('LogRecord', { body: anyValue(value) })),
  fc
    .nat()
    .map((flags) => encodeOtlp('LogRecord', { flags, severityText: 'Info', timeUnixNano: '18446744073709551615' })),
  fc.constant(hex('32 06 0a04 ffff1205')), // an attribute whose value is cut
  unknownField,
);
const part = fc.oneof(
  attribute,
  otherField.map((bytes) => ({ name: undefined, bytes })),
);

const tagAttribute = encodeOtlp('LogRecord', { attributes: keyValues({ [MEMBER]: TAG }) });

const logRecord = fc.tuple(fc.array(part, { maxLength: 6 }), wide).map(([parts, pad]): MadeRecord => {
  const last = parts.findLastIndex(({ name }) => name === MEMBER);
  const kept = parts.flatMap(({ name, bytes }, i) => (name !== MEMBER ? [bytes] : i === last ? [tagAttribute] : []));
  if (last === -1) kept.push(tagAttribute);
  const [content, tagged] = [Buffer.concat(parts.map(({ bytes }) => bytes)), Buffer.concat(kept)];
  const width = varint(content.length).length + pad;
  const whole = (of: Buffer) => Buffer.concat([varint(18, 1 + (pad % 2)), varint(of.length, width), of]);
  return { kind: 'map', bytes: whole(content), tagged: whole(tagged) };
});
const malformed = fc
  .constantFrom(hex('12 02 08 ff'), hex('12 01 0f'), hex('12 03 0a 05 61'), hex('12 02 0b 14'), hex('12 01 00'))
  .map((bytes): MadeRecord => ({ kind: 'other', bytes, tagged: bytes }));
/** Ends the message that it is in. */
const rest = fc
  .constantFrom(hex('1a 05 61'), hex('0f'), hex('ff'), hex('12 ff'), hex('0c'))
  .map((bytes): MadeRecord => ({ kind: 'other', bytes, tagged: bytes }));

type Node = Buffer | MadeRecord | { number: number; pad: number; children: Node[] };

const around = fc.oneof(
  fc.constant(encodeOtlp('ScopeLogs', { scope: { name: 's', attributes: keyValues({ a: 1 }) }, schemaUrl: 'u' })),
  fc.constant(encodeOtlp('ResourceLogs', { resource: { attributes: keyValues({ 'k8s.cluster.name': 'prod' }) } })),
  unknownField,
);
const message = (number: number, child: fc.Arbitrary<Node>) =>
  fc
    .tuple(
      fc.array(fc.oneof({ weight: 2, arbitrary: child }, around), { maxLength: 4 }),
      fc.option(rest, { freq: 12 }),
      wide,
    )
    .map(([children, end, pad]): Node => ({ number, pad, children: end === null ? children : [...children, end] }));
const scopeLogs = message(2, fc.oneof({ weight: 6, arbitrary: logRecord }, malformed));
/** Without the bodies that have records but none with a map: those are unreadable. */
const body = fc
  .array(fc.oneof({ weight: 6, arbitrary: message(1, scopeLogs) }, unknownField), { maxLength: 3 })
  .map(made)
  .filter(({ records }) => records.length === 0 || records.some(({ kind }) => kind === 'map'));

/** The parts of a node: records, and the framing around them. */
function tokens(node: Node, form: 'bytes' | 'tagged'): (Buffer | MadeRecord)[] {
  if (Buffer.isBuffer(node) || 'kind' in node) return [node];
  const inside = (of: 'bytes' | 'tagged') => node.children.flatMap((child) => tokens(child, of));
  const lengthOf = (of: 'bytes' | 'tagged') =>
    inside(of).reduce((sum, token) => sum + (Buffer.isBuffer(token) ? token : token[of]).length, 0);
  const width = varint(lengthOf('bytes')).length + node.pad;
  return [header(node.number, lengthOf(form), width), ...inside(form)];
}

function made(nodes: Node[]): MadeBody {
  const framed = (form: 'bytes' | 'tagged') => {
    const framing = [Buffer.alloc(0)];
    for (const token of nodes.flatMap((node) => tokens(node, form))) {
      if (Buffer.isBuffer(token)) framing.push(Buffer.concat([framing.pop()!, token]));
      else framing.push(Buffer.alloc(0));
    }
    return framing;
  };
  const records = nodes
    .flatMap((node) => tokens(node, 'bytes'))
    .filter((token) => !Buffer.isBuffer(token)) as MadeRecord[];
  return { framing: framed('bytes'), taggedFraming: framed('tagged'), records };
}

const request = (logRecords: object[], resource: object = {}) =>
  encodeOtlp('ExportLogsServiceRequest', {
    resourceLogs: [{ resource: { attributes: keyValues(resource) }, scopeLogs: [{ logRecords }] }],
  });

const MiB = 2 ** 20;
const nested = (levels: number, innermost: Buffer, wrap: (inner: number) => Buffer) => {
  // From the inside out, in one pass: headers are collected, not copied again and again.
  const headers: Buffer[] = [];
  let length = innermost.length;
  for (let level = 0; level < levels; level++) {
    const head = wrap(length);
    headers.push(head);
    length += head.length;
  }
  return Buffer.concat([...headers.reverse(), innermost]);
};
const asArray = (length: number) => {
  const inner = Buffer.concat([varint(10), varint(length)]);
  return Buffer.concat([varint(42), varint(length + inner.length), inner]);
};
const inRecord = (number: number, value: Buffer) =>
  nested(1, value, (length) => {
    const field = header(number, length, 1);
    const record = Buffer.concat([header(2, field.length + length, 1), field]);
    const scope = Buffer.concat([header(2, record.length + length, 1), record]);
    return Buffer.concat([header(1, scope.length + length, 1), scope]);
  });

codecContract({
  codec: otlp,
  body,
  readable: fc
    .tuple(fc.option(jsonValue, { nil: undefined }), fc.dictionary(fc.string(), jsonValue, { maxKeys: 4 }))
    .map(([value, attributes]) =>
      request([{ ...(value !== undefined && { body: anyValue(value) }), attributes: keyValues(attributes) }]),
    ),
  oracle: (unit) => {
    const { logRecords } = decodeOtlp('ScopeLogs', unit) as { logRecords: any[] };
    const { body: any, attributes } = logRecords[0];
    const map = mapOf(attributes);
    const text = any && valueIn(any);
    const key = typeof text === 'string' && !Object.hasOwn(map, 'message') ? 'message' : 'body';
    return { ...map, ...(any && { [key]: text }) };
  },
  hostile: {
    '200,000 ResourceLogs without anything': Buffer.alloc(400_000, hex('0a00')),
    '200,000 ScopeLogs without anything': inRecord(1, Buffer.alloc(400_000, hex('1200'))),
    '200,000 empty attributes': inRecord(6, Buffer.alloc(400_000, hex('0a00'))),
    'lengths of 2^63': Buffer.alloc(MiB, hex('0affffffffffffffffff7f')),
    '100,000 levels of groups': Buffer.alloc(100_000, 0x0b),
    '100,000 levels of arrays': inRecord(5, nested(100_000, hex('1800'), asArray)),
    '10,000 attributes named as the tag': request(
      Array.from({ length: 1 }, () => ({ attributes: Array.from({ length: 10_000 }, () => ({ key: MEMBER })) })),
    ),
    'a record of 2 MiB': request([{ body: { stringValue: 'x'.repeat(2 * MiB) } }]),
    'a varint without an end': Buffer.alloc(MiB, 0xff),
    JSON: Buffer.from('{"resourceLogs":[]}'),
  },
});

const read = (bytes: Uint8Array, index = 0, limits = LIMITS) =>
  otlp.read(bytes, otlp.decode(bytes, limits)[index] as LogRecord & { kind: 'map' }, limits);

describe('a record of OTLP', () => {
  it('has exact integers, and the attributes of its own resource', () => {
    const bytes = Buffer.concat([
      request(
        [{ body: anyValue({ id: 9007199254740993n, least: -(2n ** 63n), ok: true, bytes: Buffer.from('{"a":1}') }) }],
        {
          'k8s.cluster.name': 'one',
        },
      ),
      request([{ attributes: keyValues({ a: [1, 'x', null] }) }, { body: anyValue('text') }], {
        'k8s.cluster.name': 'two',
      }),
    ]);
    expect(read(bytes)).toEqual({
      body: { id: 9007199254740993n, least: -(2n ** 63n), ok: true, bytes: '{"a":1}' },
      'k8s.cluster.name': 'one',
    });
    expect(read(bytes, 2)).toEqual({ message: 'text', 'k8s.cluster.name': 'two' });
    expect(read(bytes, 1)).toEqual({ a: [1, 'x', null], 'k8s.cluster.name': 'two' });
  });

  it('has marks for parts that are cut or nest too deep, and for those that Protobuf would merge', () => {
    const cut = (content: string) => {
      const bytes = Buffer.concat([header(2, hex(content).length, 0), hex(content)]);
      return read(Buffer.concat([header(1, bytes.length + 2, 0), header(2, bytes.length, 0), bytes]));
    };
    const marks = (value: unknown) =>
      JSON.stringify(value, (_, each) =>
        each && typeof each === 'object'
          ? {
              ...each,
              ...(Object.getOwnPropertySymbols(each).length > 0 && {
                cut: (each as any)[Object.getOwnPropertySymbols(each)[0]!],
              }),
            }
          : each,
      );
    expect(marks(cut('2a0c 320a 0a03 0a0161 0a03 0a05 61'))).toContain('"body":{"a":null,"cut":"cut"}');
    expect(marks(cut('2a02 0a00 2a02 0a00'))).toContain('"cut":"cut"');
    const deep = request([{ body: anyValue({ a: { b: { c: 1 } } }) }]);
    expect(marks(read(deep, 0, { ...LIMITS, maxDepth: 2 }))).toContain('"body":{"a":{"b":{"cut":"too_deep"}}}');
  });

  it('with more values than memory could hold is not read', () => {
    const tooLarge = expect.objectContaining({ code: 'record.too_large' });
    expect(() =>
      read(
        inRecord(
          5,
          nested(1, Buffer.alloc(2_000_004, hex('0a00')), (length) => header(5, length, 1)),
        ),
      ),
    ).toThrow(tooLarge);
    expect(() => read(request([{ body: anyValue('['.repeat(1_000_001)) }]))).toThrow(tooLarge);
  });

  it('that is tagged reads unchanged in another reader, with the tag as an attribute', () => {
    const record = {
      timeUnixNano: '1',
      body: anyValue({ a: 1 }),
      attributes: keyValues({ x: 'y' }),
      traceId: Buffer.alloc(16, 7),
    };
    const bytes = request([record, record], { 'k8s.cluster.name': 'one' });
    const tagged = taggedBody(batchOf(otlp, bytes, () => TAG));
    const expected = { ...record, attributes: [...record.attributes, ...keyValues({ [MEMBER]: TAG })] };
    expect(decodeOtlp('ExportLogsServiceRequest', tagged)).toEqual(
      decodeOtlp('ExportLogsServiceRequest', request([expected, expected], { 'k8s.cluster.name': 'one' })),
    );
  });

  it('is in the tagged body at its reported place', () => {
    fc.assert(
      fc.property(body, ({ framing, records }) => {
        if (records.length === 0) return;
        const bytes = Buffer.concat(framing.flatMap((frame, i) => [frame, ...(records[i] ? [records[i].bytes] : [])]));
        const { body: tagged, records: moved } = taggedBodyAndRecords(batchOf(otlp, bytes, () => TAG));
        expect(moved.map(({ start, end }) => Buffer.from(tagged.subarray(start, end)))).toEqual(
          records.map((record) => record.tagged),
        );
        expect(moved.map(({ kind }) => kind)).toEqual(records.map(({ kind }) => kind));
      }),
      { numRuns: 100 },
    );
  });
});

describe('a request of OTLP', () => {
  it('with some records selected keeps their scopes and resources', () => {
    const scopeLogs = (...flags: number[]) => ({
      scope: { name: `s${flags[0]}` },
      logRecords: flags.map((each) => ({ flags: each })),
      schemaUrl: 'u',
    });
    const resource = { attributes: keyValues({ 'k8s.cluster.name': 'prod' }) };
    const export_ = (...scopes: object[]) => ({
      resourceLogs: scopes.map((scope) => ({ resource, scopeLogs: [scope] })),
    });
    const whole = { resourceLogs: [{ resource, scopeLogs: [scopeLogs(1, 2, 3), scopeLogs(4, 5), scopeLogs(6)] }] };
    const batch = batchOf(otlp, encodeOtlp('ExportLogsServiceRequest', whole), () => TAG);
    const { bytes } = selected(batch, (index) => [0, 2, 5].includes(index))!;
    const kept = [{ ...scopeLogs(1, 3) }, scopeLogs(6)];
    expect(decodeOtlp('ExportLogsServiceRequest', bytes)).toEqual(
      decodeOtlp('ExportLogsServiceRequest', encodeOtlp('ExportLogsServiceRequest', export_(...kept))),
    );
  });

  it('may hold no records', () => {
    expect(otlp.decode(hex('0a00'), LIMITS)).toEqual([]);
    expect(otlp.decode(hex('0a02 1200'), LIMITS)).toEqual([]);
  });

  it.each([
    ['JSON', Buffer.from('{"resourceLogs":[]}')],
    ['a ResourceLogs that is cut before its first record', hex('0a05 1203')],
    ['fields that are unknown', hex('a00601')],
  ])('that is %s is unreadable', (_, bytes) => {
    expect(() => otlp.decode(bytes, LIMITS)).toThrow(expect.objectContaining({ code: 'body.unreadable' }));
  });

  it('that is cut between two records ends with a record of no bytes', () => {
    const whole = request([{ flags: 1 }, { flags: 2 }]);
    const bytes = whole.subarray(0, whole.length - 7);
    expect(otlp.decode(bytes, LIMITS).map(({ kind, start, end }) => [kind, end - start])).toEqual([
      ['map', 7],
      ['other', 0],
    ]);
  });
});
