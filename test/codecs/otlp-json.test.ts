import { describe, expect, it } from 'vitest';
import { selected } from '../../src/batch/selected.ts';
import { taggedBody } from '../../src/batch/splice.ts';
import { codecNamed } from '../../src/codecs/index.ts';
import { otlp } from '../../src/codecs/otlp.ts';
import { otlpJson } from '../../src/codecs/otlp-json.ts';
import type { LogRecord } from '../../src/record.ts';
import { asLogEvents } from '../../src/sinks/encode/log-event/otlp.ts';
import { batchOf } from '../batch/batch-of.ts';
import { jsonText, type MapText, spelled, textOfMap } from '../json/arbitrary.ts';
import { anyValue, encodeOtlp, keyValues } from '../otlp/proto.ts';
import fc from '../properties.ts';
import { codecContract, LIMITS, type MadeBody, type MadeRecord, MEMBER, TAG } from './contract.ts';

const { map, scalar, gap } = jsonText({ space: ' \n\r\t', beyondJson: true });
const valid = jsonText({ space: ' \n', beyondJson: false });

/** The tag as an AnyValue, by hand. */
const tagItem =
  `{"key":"${MEMBER}","value":{"kvlistValue":{"values":[{"key":"v","value":{"intValue":"2"}},` +
  `{"key":"verdict","value":{"stringValue":"match"}},{"key":"rules","value":{"arrayValue":{"values":[{"stringValue":"pod-host-pid"}]}}},` +
  `{"key":"cluster","value":{"stringValue":"prod – \\"1\\""}},{"key":"attack","value":{"arrayValue":{"values":[]}}}]}}}`;

interface Item {
  lead: string;
  name: string | undefined;
  text: string;
  trail: string;
}

const keyValue = fc
  .tuple(fc.oneof({ weight: 3, arbitrary: fc.constant(MEMBER) }, fc.string({ maxLength: 3 })), valid.value)
  .chain(([name, value]) => spelled(name).map((key) => ({ name, text: `{"key":${key},"value":${value}}` })));
const item = fc
  .tuple(
    gap,
    fc.oneof(
      { weight: 5, arbitrary: keyValue },
      scalar.map((text) => ({ name: undefined, text })),
    ),
    gap,
  )
  .map(([lead, { name, text }, trail]): Item => ({ lead, name, text, trail }));

/** The list with the tag: in place of the last item of that name, with the others removed, or at the end. */
function taggedList(items: readonly Item[], space: string): string {
  const last = items.findLastIndex(({ name }) => name === MEMBER);
  if (last === -1) return `${textOf(items, space).slice(0, -1)}${items.length === 0 ? '' : ','}${tagItem}]`;
  let text = '[';
  let lead: string | undefined;
  items.forEach((each, i) => {
    lead ??= each.lead;
    if (each.name === MEMBER && i !== last) return;
    text += `${lead}${i === last ? tagItem : each.text}${each.trail}${i < items.length - 1 ? ',' : ''}`;
    lead = undefined;
  });
  return `${text}]`;
}

function textOf(items: readonly Item[], space: string): string {
  return items.length === 0 ? `[${space}]` : `[${items.map(({ lead, text, trail }) => lead + text + trail).join(',')}]`;
}

const member = (text: string) => ({ lead: '', key: 'attributes', text: `"attributes":${text}`, trail: '' });
const logRecord = fc
  .tuple(map, fc.option(fc.array(item, { maxLength: 2 })), fc.option(scalar, { freq: 4 }), gap)
  .map(([{ members }, items, other, space]): MadeRecord => {
    const before = other === null ? members : [...members, member(other)];
    const whole = (list: string | undefined): MapText => ({
      members: list === undefined ? before : [...before, member(list), ...members],
    });
    const bytes = textOfMap(whole(items === null ? undefined : textOf(items, space)));
    const tagged =
      items === null
        ? `${bytes.slice(0, -1)}${before.length === 0 ? '' : ','}"attributes":[${tagItem}]}`
        : textOfMap(whole(taggedList(items, space)));
    return { kind: 'map', bytes: Buffer.from(bytes), tagged: Buffer.from(tagged) };
  });
const noRecord = scalar.map(
  (text): MadeRecord => ({ kind: 'other', bytes: Buffer.from(text), tagged: Buffer.from(text) }),
);

const list = <T>(items: fc.Arbitrary<T>) => fc.array(items, { minLength: 1, maxLength: 2 });
const body = fc
  .tuple(list(list(list(fc.oneof({ weight: 6, arbitrary: logRecord }, noRecord)))), gap)
  .map(([resources, space]): MadeBody => {
    const framing: string[] = [];
    const records: MadeRecord[] = [];
    let between = `{"a":[{"logRecords":[{}]}],${space}"\\u0072esourceLogs"${space}:[`;
    for (const [r, scopes] of resources.entries()) {
      between += `${r > 0 ? ',' : ''}${space}{"resource":{"attributes":[]},"scopeLogs":[`;
      for (const [s, made] of scopes.entries()) {
        between += `${s > 0 ? ',' : ''}{"scope":{"name":"s"},"logRecords":[`;
        for (const [i, record] of made.entries()) {
          framing.push(between + (i > 0 ? `${space},` : space));
          records.push(record);
          between = '';
        }
        between += `${space}]${space},"schemaUrl":"u"}`;
      }
      between += `]${space}}`;
    }
    return { framing: [...framing, `${between}]}${space}`].map((text) => Buffer.from(text)), records };
  });

/** The JSON of a message in the object form of protobufjs, with integers as texts. */
const inJson = (message: object): Buffer =>
  Buffer.from(JSON.stringify(message, (key, value) => (key === 'intValue' ? String(value) : value)));
const request = (logRecords: object[], resource: object = {}) => ({
  resourceLogs: [{ resource: { attributes: keyValues(resource) }, scopeLogs: [{ logRecords }] }],
});
const inList = (text: string) => Buffer.from(`{"resourceLogs":[{"scopeLogs":[{"logRecords":[${text}]}]}]}`);
const MiB = 2 ** 20;

codecContract({
  codec: otlpJson,
  body,
  readable: fc
    .tuple(fc.option(fc.jsonValue(), { nil: undefined }), fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 4 }))
    .map(([value, attributes]) =>
      inJson(request([{ ...(value !== undefined && { body: anyValue(value) }), attributes: keyValues(attributes) }])),
    ),
  oracle: (unit) => {
    // The same record as read by the codec of Protobuf, which is verified against another reader.
    const bytes = encodeOtlp('ExportLogsServiceRequest', request([JSON.parse(unit.toString())]));
    return otlp.read(bytes, otlp.decode(bytes, LIMITS)[0] as LogRecord & { kind: 'map' }, LIMITS);
  },
  hostile: {
    '10,000 lists that are empty': Buffer.from(`{"resourceLogs":[${'{"scopeLogs":[]},'.repeat(10_000)}{}]}`),
    '4 million brackets that never close': Buffer.alloc(4 * MiB, '['),
    '20,000 levels of values': inList(`{"body":${'{"arrayValue":{"values":['.repeat(20_000)}${']}}'.repeat(20_000)}}`),
    '10,000 attributes named as the tag': inList(
      `{"attributes":[${Array.from({ length: 10_000 }, () => `{"key":"${MEMBER}"}`).join(',')}]}`,
    ),
    'a record of 2 MiB': inList(`{"body":{"stringValue":"${'x'.repeat(2 * MiB)}"}}`),
    Protobuf: encodeOtlp('ExportLogsServiceRequest', request([{}])),
  },
});

describe('OTLP in JSON', () => {
  const logRecords = [
    {
      timeUnixNano: '1700000000123456789',
      severityNumber: 9,
      severityText: 'Info',
      body: anyValue({ id: 9007199254740993n, list: [1, 'x', null, 0.5, true], deep: { a: {} } }),
      attributes: keyValues({ a: 'b' }),
      flags: 1,
      traceId: 'ab'.repeat(16),
      spanId: 'cd'.repeat(8),
    },
    { observedTimeUnixNano: '5', body: { bytesValue: Buffer.from('{"a":1}').toString('base64') } },
  ];
  const whole = request(logRecords, { 'k8s.cluster.name': 'prod' });
  const binary = request(
    [{ ...logRecords[0], traceId: Buffer.alloc(16, 0xab), spanId: Buffer.alloc(8, 0xcd) }, logRecords[1]!],
    { 'k8s.cluster.name': 'prod' },
  );

  it('equals its Protobuf form, for rules and as log events', () => {
    const batches = [
      batchOf(otlpJson, inJson(whole), () => TAG),
      batchOf(otlp, encodeOtlp('ExportLogsServiceRequest', binary), () => TAG),
    ] as const;
    const [json, protobuf] = batches.map((batch) =>
      batch.records.map((record) => batch.codec.read(batch.bytes, record as LogRecord & { kind: 'map' }, LIMITS)),
    );
    expect(json).toEqual(protobuf);
    expect(json![0]).toMatchObject({ a: 'b', body: { id: 9007199254740993n }, 'k8s.cluster.name': 'prod' });
    const [fromJson, fromProtobuf] = batches.map((batch) => Buffer.from(asLogEvents(batch).bytes).toString('hex'));
    expect(fromJson).toBe(fromProtobuf);
  });

  it('keeps the scopes and resources of selected records', () => {
    const scopeLogs = (...flags: number[]) => ({
      scope: { name: `s${flags[0]}` },
      schemaUrl: 'u',
      logRecords: flags.map((each) => ({ flags: each })),
    });
    const resource = { attributes: keyValues({ 'k8s.cluster.name': 'prod' }) };
    const text = JSON.stringify({
      resourceLogs: [{ resource, scopeLogs: [scopeLogs(1, 2, 3), scopeLogs(4), scopeLogs(5)] }],
    });
    const part = selected(
      batchOf(otlpJson, Buffer.from(text), () => TAG),
      (index) => [0, 2, 4].includes(index),
    )!;
    expect(JSON.parse(Buffer.from(part.bytes).toString())).toEqual({
      resourceLogs: [scopeLogs(1, 3), scopeLogs(5)].map((scope) => ({ resource, scopeLogs: [scope] })),
    });
    expect(taggedBody(part).length).toBeGreaterThan(part.bytes.length);
  });

  it.each([
    ['an export without records', '{"resourceLogs":[{"scopeLogs":[{"logRecords":[]}]}]}', 0],
    ['an export without anything', '{"resourceLogs":[]}', 0],
    ['two exports', '{"resourceLogs":[]} {"resourceLogs":[{"scopeLogs":[{"logRecords":[{}]}]}]}', 1],
  ])('%s can be read', (_, text, count) => {
    expect(otlpJson.decode(Buffer.from(text), LIMITS)).toHaveLength(count);
  });

  it.each([
    ['names as in Protobuf', '{"resource_logs":[]}'],
    ['a list', '[{"resourceLogs":[]}]'],
    ['no JSON', 'resourceLogs'],
  ])('%s cannot be read', (_, text) => {
    expect(() => otlpJson.decode(Buffer.from(text), LIMITS)).toThrow(
      expect.objectContaining({ code: 'body.unreadable' }),
    );
  });
});

it('the codecs have names of their own', () => {
  expect([codecNamed('otlp'), codecNamed('otlp_json')]).toEqual([otlp, otlpJson]);
});
