import { gunzipSync } from 'node:zlib';
import { encode } from '@msgpack/msgpack';
import { describe, expect, test } from 'vitest';
import type { TaggedBatch } from '../../src/batch/tagged-batch.ts';
import { json } from '../../src/codecs/json.ts';
import { msgpack } from '../../src/codecs/msgpack.ts';
import { ndjson } from '../../src/codecs/ndjson.ts';
import { type RedactSettings, redactor } from '../../src/redaction/index.ts';
import type { Tag } from '../../src/tag.ts';
import { batchOf } from '../batch/batch-of.ts';
import fc from '../properties.ts';
import { fluentMsgpack } from '../tagged.ts';
import { inUris, ofSecrets, ofSecretsInTexts, ofTokens } from './acts.ts';
import { open, other, packed } from './wrappers.ts';

const MARKER = '[redacted]';
const PLANTED = 'c1Y3Tmp9Xk27Qw';
const clear: Tag = { v: 2, verdict: 'clear', platform: 'kubernetes' };

const layouts: Record<string, (record: object) => TaggedBatch> = {
  json: (record) => batchOf(json, Buffer.from(`[ ${JSON.stringify(record)} , {"x" : 1.0}]`), () => clear),
  ndjson: (record) => batchOf(ndjson, Buffer.from(`${JSON.stringify(record)}\n{"x":1}\n`), () => clear),
  msgpack: (record) =>
    batchOf(msgpack, Buffer.concat([fluentMsgpack(record), encode([[1, {}], { x: 1 }])]), () => clear),
};

function redacted(batch: TaggedBatch, settings: RedactSettings): TaggedBatch {
  return redactor(settings, (error) => {
    throw error;
  })(batch);
}

/** Every text that can be extracted from bytes: as they are, or from escapes, base64 and gzip. */
function textsIn(bytes: Uint8Array, depth = 0): string[] {
  const text = Buffer.from(bytes).toString('latin1');
  const plain = text.replace(/\\+u([0-9a-fA-F]{4})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
  const below = depth === 3 ? [] : (plain.match(/[\w+/]{16,}={0,2}/g) ?? []).map((run) => Buffer.from(run, 'base64'));
  const inflated = below.flatMap((one) => {
    try {
      return [gunzipSync(one, { finishFlush: 2 })];
    } catch {
      return [];
    }
  });
  return [text, plain, ...[...below, ...inflated].flatMap((one) => textsIn(one, depth + 1))];
}

const shows = (batch: TaggedBatch, value: string) =>
  [batch.bytes, Buffer.from(JSON.stringify(batch.tags))]
    .flatMap((bytes) => textsIn(bytes))
    .some((text) => text.includes(value));

const both = { secrets: true, tokens: true };
const whole = (batch: TaggedBatch) => Buffer.from(batch.bytes).toString('latin1');

describe.each(['json', 'msgpack'])('%s', (layout) => {
  const batchIn = layouts[layout]!;

  /** Nothing but the value is masked. */
  function expectMasked(record: (value: string) => object, settings: RedactSettings, act = ''): void {
    const result = redacted(batchIn(record(PLANTED)), settings);
    const expected = batchIn(record(MARKER));
    expect(whole(result), act).toBe(whole(expected));
    expect(result.records, act).toEqual(expected.records);
    expect(result.tags, act).toEqual([{ ...clear, redacted: expect.any(Array) }, clear]);
    expect(redacted(result, settings), act).toBe(result);
  }

  test.each(Object.keys(open))('Secrets and no more are masked, in %s', (wrapper) => {
    for (const [act, make] of Object.entries({ ...ofSecrets, ...ofSecretsInTexts })) {
      expectMasked((value) => open[wrapper]!(make(value)), { secrets: true }, act);
    }
  });

  test.each(Object.keys(open))('credentials and no more are masked, in %s', (wrapper) => {
    const acts = wrapper === 'GKE' ? ofTokens : { ...ofTokens, ...inUris };
    for (const [act, make] of Object.entries(acts)) {
      expectMasked((value) => open[wrapper]!(make(value)), { tokens: true }, act);
    }
  });

  test.each(Object.keys(packed))('all that may hold either is masked, in %s', (wrapper) => {
    for (const [act, make] of Object.entries({ ...ofSecrets, ...ofSecretsInTexts, ...ofTokens, ...inUris })) {
      const batch = batchIn(packed[wrapper]!(make(PLANTED)));
      const tags = [{ v: 2, verdict: 'not_audit' } as const, clear];
      const result = redacted({ ...batch, tags }, both);
      expect(shows(result, PLANTED), act).toBe(false);
      expect(whole(result), act).toContain(MARKER);
    }
  });

  test.each(Object.keys(open))('what is not secret is left unchanged, in %s', (wrapper) => {
    const batch = batchIn(open[wrapper]!(other));
    expect(redacted(batch, { secrets: true, tokens: true, paths: ['nothing.like.it'] })).toBe(batch);
  });

  test.each(Object.keys(open))('a named path, in %s', (wrapper) => {
    const record = (value: string) => {
      const env = [{ name: value, value }, { name: value }];
      const requestObject = { kind: 'Pod', spec: { containers: [{ image: 'x', env }, { image: 'y' }, { env }] } };
      return open[wrapper]!({ ...other, requestObject });
    };
    expectMasked(record, { paths: ['requestObject.spec.containers[*].env'] });
    expectMasked(record, {
      paths: ['requestObject.spec.containers.env.name', 'requestObject.spec.containers.env.value'],
    });
  });
});

test.each<[string, string, (value: string) => object]>([
  [
    'user.extra',
    'lifted',
    (value) => ({ auditID: '1', verb: 'get', user_username: 'ann', user_extra: { a: [value] } }),
  ],
  ['user.extra', 'flattened', (value) => ({ auditID: '1', verb: 'get', 'user.extra.a': value, 'user.uid': '7' })],
  [
    'annotations',
    'under a prefix',
    (value) => ({ k8s_auditID: '1', k8s_verb: 'get', k8s: { annotations: { a: value } } }),
  ],
  [
    'userAgent',
    'GKE',
    (value) => ({ protoPayload: { requestMetadata: { callerSuppliedUserAgent: value, callerIp: 'x' } } }),
  ],
  ['username', 'GKE', (value) => ({ protoPayload: { authenticationInfo: { principalEmail: value } } })],
  ['annotations.a.b/c', 'dots in keys', (value) => ({ auditID: '1', annotations: { 'a.b/c': value, 'a.b/d': 'x' } })],
  ['host', 'of the record', (value) => ({ host: value, auditID: '1' })],
  ['requestObject', 'OCSF', (value) => ({ class_uid: 6003, api: { request: { uid: '1', data: { a: value } } } })],
])('the path %s, %s', (path, _, record) => {
  const result = redacted(layouts.json!(record(PLANTED)), { paths: [path] });
  expect(whole(result)).toBe(whole(layouts.json!(record(MARKER))));
});

test('numbers and booleans become null; keys, lengths, null and empty texts stay', () => {
  const batch = batchOf(json, Buffer.from('[{"a" :{"b":[1.50,true,null,"x",{}], "c":""},"d":1}]'), () => clear);
  const result = redacted(batch, { paths: ['a'] });
  expect(whole(result)).toBe('[{"a" :{"b":[null,null,null,"[redacted]",{}], "c":""},"d":1}]');
  expect(result.tags).toEqual([{ ...clear, redacted: ['a'] }]);
});

describe('flattened', () => {
  test.each(['.', '_', '/'])('a Secret, by %s', (by) => {
    const record = (value: string) => ({
      ...{ auditID: '1', verb: 'create', [`objectRef${by}resource`]: 'secrets', [`objectRef${by}name`]: 'web' },
      [`requestObject${by}metadata${by}name`]: 'web',
      [`requestObject${by}data${by}password`]: value,
    });
    const result = redacted(layouts.json!(record(PLANTED)), { secrets: true });
    expect(whole(result)).toBe(whole(layouts.json!(record(MARKER))));
  });
});

/** The JSON of a value, in which some characters of keys and texts are escapes. */
function spelled(value: unknown, choices: Iterator<boolean>): string {
  if (typeof value === 'string') {
    const units = Array.from({ length: value.length }, (_, at) => value.charCodeAt(at));
    const spell = (unit: number) => `\\u${unit.toString(16).padStart(4, '0')}`;
    const plain = (unit: number) => JSON.stringify(String.fromCharCode(unit)).slice(1, -1);
    return `"${units.map((unit) => (choices.next().value ? spell(unit) : plain(unit))).join('')}"`;
  }
  if (Array.isArray(value)) return `[${value.map((one) => spelled(one, choices)).join(' ,')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).map(([key, one]) => `${spelled(key, choices)}: ${spelled(one, choices)}`);
  return `{${members.join(', ')}}`;
}

test('whatever is spelled with escapes is found', () => {
  const acts = { ...ofSecrets, ...ofTokens, ...inUris };
  fc.assert(
    fc.property(
      fc.constantFrom(...Object.keys(acts)),
      fc.constantFrom(...Object.keys(open)),
      fc.infiniteStream(fc.integer({ min: 0, max: 3 }).map((one) => one === 0)),
      (act, wrapper, choices) => {
        const record = open[wrapper]!(acts[act]!(PLANTED));
        const batch = batchOf(json, Buffer.from(`[${spelled(record, choices)}]`), () => clear);
        const result = redacted(batch, both);
        expect(shows(result, PLANTED)).toBe(false);
        const shown = JSON.stringify(JSON.parse(whole(result)));
        const expected = redacted(
          batchOf(json, Buffer.from(JSON.stringify([record])), () => clear),
          both,
        );
        expect(shown).toBe(whole(expected));
      },
    ),
    { numRuns: 80 },
  );
});

test('wherever a text is cut, no half shows a part of it', () => {
  const acts = { ...ofSecrets, ...ofSecretsInTexts, ...ofTokens, ...inUris };
  fc.assert(
    fc.property(
      fc.constantFrom(...Object.keys(acts)),
      fc.boolean(),
      fc.constantFrom<Tag['verdict']>('indeterminate', 'not_audit'),
      fc.nat(2000),
      fc.boolean(),
      (act, isHead, verdict, at, isLine) => {
        const text = JSON.stringify(acts[act]!(PLANTED));
        const half = isHead ? text.slice(0, at % text.length) : text.slice(at % text.length);
        // Nothing identifies what follows a cut, except that there is no event in it.
        const found = isHead && !isLine ? verdict : 'not_audit';
        const [codec, body] = isLine ? [ndjson, `${half}\n`] : [json, JSON.stringify([{ log: half }])];
        if (half === '') return;
        const result = redacted(
          batchOf(codec, Buffer.from(body), () => ({ v: 2, verdict: found })),
          both,
        );
        const pieces = [PLANTED.slice(0, 6), PLANTED.slice(-6)];
        expect(pieces.filter((piece) => whole(result).includes(piece))).toEqual([]);
      },
    ),
    { numRuns: 300 },
  );
});

describe('a tag', () => {
  const event = ofSecrets['one is applied']!(PLANTED);
  const finding = {
    ...{ id: '1', rule: 'r', title: 't', level: 'high' as const, attack: [], event: 0 },
    summary: `[ann] wrote [${PLANTED}] to a Secret`,
    matched: [{ field: 'requestObject.data', values: [`{"password":"${PLANTED}"}`, 'other'] }],
    context: [{ field: 'username', values: ['ann'] }],
  };
  const tag: Tag = {
    ...{ v: 2, verdict: 'match', rules: ['r'], event: { username: 'ann', requestURI: `/x?token=${PLANTED}&y=1` } },
    findings: [finding],
  };

  test('shows nothing of what is masked in its record', () => {
    const batch = layouts.json!(event);
    const { tags } = redacted({ ...batch, tags: [tag, clear] }, both);
    expect(tags[0]).toEqual({
      ...tag,
      event: { username: 'ann', requestURI: `/x?token=${MARKER}&y=1` },
      findings: [
        {
          ...finding,
          summary: `[ann] wrote [${MARKER}] to a Secret`,
          matched: [{ field: 'requestObject.data', values: [`{"password":"${MARKER}"}`, 'other'] }],
        },
      ],
      redacted: [
        'requestObject.metadata.annotations.kubectl.kubernetes.io/last-applied-configuration.data',
        'requestObject.stringData',
        'responseObject.metadata.annotations.kubectl.kubernetes.io/last-applied-configuration.data',
        'responseObject.data',
      ],
    });
  });

  test.each([
    ['cut', JSON.stringify(event).slice(0, -9)],
    ['packed', Buffer.from(JSON.stringify(event)).toString('base64')],
  ])('quotes nothing of a text that is %s', (_, log) => {
    const batch = layouts.json!({ log });
    const { tags } = redacted({ ...batch, tags: [tag, clear] }, { secrets: true });
    expect(tags[0]).toEqual({
      ...tag,
      event: { username: 'ann', requestURI: MARKER },
      findings: [{ ...finding, summary: MARKER, matched: [{ field: 'requestObject.data', values: [MARKER, MARKER] }] }],
      redacted: expect.arrayContaining(['log']),
    });
  });

  test('shows no member that is masked by its path, whatever is in the record', () => {
    const named = {
      ...tag,
      event: { ...tag.event, name: 'ann', responseStatus: { code: 403, message: 'ann may not' } },
    };
    const { tags } = redacted(
      { ...layouts.json!({ a: 1 }), tags: [named, clear] },
      { paths: ['user.username', 'responseStatus'] },
    );
    expect(tags[0]!.event).toEqual({
      ...tag.event,
      username: MARKER,
      name: MARKER,
      responseStatus: { code: 403, message: MARKER },
    });
  });

  test('of other records shows no field that is masked', () => {
    const report = {
      ...{ id: '1', rule: 'r', title: 't', level: 'high' as const, attack: [], time: 'x' },
      summary: '[bob] did it often',
      context: [
        { field: 'username', values: ['bob'] },
        { field: 'verb', values: ['get'] },
      ],
      correlation: {
        type: 'event_count',
        group: [{ field: 'user.username', values: ['bob'] }],
        from: 'x',
        to: 'y',
        events: [],
      },
    };
    const { tags } = redacted(
      { ...layouts.json!(other), tags: [{ ...clear, reports: [report] }, clear] },
      { paths: ['username'] },
    );
    expect(JSON.stringify(tags)).not.toContain('bob');
    expect(JSON.stringify(tags)).toContain('"get"');
  });

  test('is unchanged if nothing is masked', () => {
    const batch = { ...layouts.json!(other), tags: [{ ...tag, event: {}, findings: [] }, clear] };
    expect(redacted(batch, both)).toBe(batch);
  });
});

test.each([{ secrets: true }, { tokens: true }, { paths: ['user.extra'] }])('a part of an event, by %j', (settings) => {
  const half = JSON.stringify({ ...ofTokens['a TokenRequest']!(PLANTED), user: { extra: { a: [PLANTED] } } }).slice(
    300,
  );
  const batch = batchOf(ndjson, Buffer.from(`${half}\n`), () => ({ v: 2, verdict: 'error' }));
  expect(whole(redacted(batch, settings))).toBe(`"${MARKER}"\n`);
});
