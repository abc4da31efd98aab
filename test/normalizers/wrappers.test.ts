/** What stores, pipelines and command line tools put around an event is removed, and nothing else is. */
import { describe, expect, it, test } from 'vitest';
import { parseJson } from '../../src/json/embedded.ts';
import { normalize } from '../../src/normalizers/index.ts';
import { plain } from './plain.ts';

const event = {
  kind: 'Event',
  apiVersion: 'audit.k8s.io/v1',
  level: 'RequestResponse',
  auditID: 'a-1',
  stage: 'ResponseComplete',
  requestURI: '/api/v1/namespaces/shop/configmaps',
  verb: 'create',
  user: { username: 'ann', groups: ['system:authenticated'] },
  objectRef: { resource: 'configmaps', namespace: 'shop', apiVersion: 'v1' },
  responseStatus: { code: 201 },
};
const text = JSON.stringify(event);
const time = '2026-05-01T10:00:00';
const stream = 'kube-apiserver-audit-0a1b2c3d4e5f60718293a4b5c6d7e8f9';

interface Found {
  kind: string;
  events: { auditID: string; user: { username: string }; cluster?: { name: string }; requestObject: unknown }[];
}

const found = (record: unknown) => {
  const { kind, events } = plain(normalize(record)) as Found;
  return kind === 'audit' ? events.map(({ auditID, user, cluster }) => [auditID, user.username, cluster?.name]) : kind;
};

const one: [name: string, record: unknown, cluster?: string][] = [
  ['aws logs tail', { log: `${time}+00:00 ${stream} ${text}` }],
  ['aws logs tail --format json', { log: `${time}+00:00 ${stream} \n${JSON.stringify(event, null, 2)}` }],
  ['aws logs tail --format short', { log: `${time} ${text}` }],
  [
    'aws logs filter-log-events',
    { events: [{ logStreamName: stream, timestamp: 1, message: text }], searchedLogStreams: [] },
  ],
  ['aws logs get-log-events', { events: [{ timestamp: 1, message: text }], nextForwardToken: 'f/1' }],
  ['an export of CloudWatch to S3', { message: `${time}.123Z ${text}` }],
  ['a CRI line', { log: `${time}.123456789Z stdout F ${text}` }],
  ['a CRI line with an offset', { log: `${time}.123456789+02:00 stderr F ${text}` }],
  ['oc adm node-logs of a node with a long name', { log: `${'node.'.repeat(50)}io ${text}` }],
  ['oc adm node-logs', { log: `ip-10-0-1-2.ec2.internal ${text}` }],
  [
    'a query of Loki',
    {
      status: 'success',
      data: { resultType: 'streams', result: [{ stream: { cluster: 'prod' }, values: [['1', text]] }] },
    },
    'prod',
  ],
  ['a push to Loki', { streams: [{ stream: { cluster: 'prod' }, values: [['1', text]] }] }, 'prod'],
  ['logcli --output jsonl', { labels: { cluster: 'prod' }, line: text, timestamp: `${time}Z` }, 'prod'],
  ['a search of Elasticsearch', { took: 1, hits: { total: 1, hits: [{ _index: 'a', _source: event }] } }],
  ['a hit of Elasticsearch', { _index: 'a', _source: { message: text } }],
  ['event.original', { event: { original: text, kind: 'event' } }],
  ['an export of Splunk', { preview: false, result: { _raw: text, sourcetype: 's' } }],
  ['results of Splunk', { results: [{ _raw: text }] }],
  ['Splunk HEC', { event, sourcetype: 's' }],
  ['GELF', { version: '1.1', host: 'h', short_message: 'audit', full_message: text }],
  ['SNS', { Type: 'Notification', MessageId: '1', Message: text }],
  ['SNS by way of Lambda', { Records: [{ EventSource: 'aws:sns', Sns: { Message: text } }] }],
  ['Tencent', { LogJson: text, Time: 1 }],
  ['Alibaba ACK', { content: text, _time_: time }],
  ['Oracle OKE', { logContent: { data: event, id: '1' } }],
  ['IBM', { _line: text, _source: 's' }],
  ['flat event.original', { 'event.original': text }],
  ['SQS', { Messages: [{ MessageId: '1', Body: text }] }],
  ['a CloudEvent in Base64', { specversion: '1.0', data_base64: Buffer.from(text).toString('base64') }],
  ['a time with a blank', { log: `2026-05-01 10:00:00 ${text}` }],
  ['a structured CloudEvent', { specversion: '1.0', type: 't', data: event }],
];

test.each(one)('%s', (_, record, cluster) => {
  expect(found(record)).toEqual([['a-1', 'ann', cluster]]);
});

test('an export to BigQuery', () => {
  const row = {
    insertId: 'g-1',
    resource: { type: 'k8s_cluster', labels: { project_id: 'p', location: 'l', cluster_name: 'prod' } },
    protopayload_auditlog: {
      serviceName: 'k8s.io',
      methodName: 'io.k8s.core.v1.pods.create',
      resourceName: 'core/v1/namespaces/shop/pods/web-1',
      authenticationInfo: { principalEmail: 'ann' },
      requestJson: JSON.stringify({ kind: 'Pod', spec: { hostPID: true, containers: [] } }),
    },
  };
  expect(plain(normalize(row))).toMatchObject({
    kind: 'audit',
    events: [
      {
        platform: 'gke',
        verb: 'create',
        user: { username: 'ann' },
        cluster: { name: 'prod', account: 'p', region: 'l' },
        requestObject: { spec: { hostPID: true } },
      },
    ],
  });
});

describe('a body of OTLP by its members', () => {
  const kvlist = (map: object): object => ({
    kvlistValue: { values: Object.entries(map).map(([key, value]) => ({ key, value: anyValue(value) })) },
  });
  const anyValue = (value: unknown): object =>
    typeof value === 'string'
      ? { stringValue: value }
      : Array.isArray(value)
        ? { arrayValue: { values: value.map(anyValue) } }
        : typeof value === 'number'
          ? { intValue: String(value) }
          : kvlist(value as object);
  const pod = { kind: 'Pod', spec: { containers: [{ name: 'c', image: 'i' }] } };
  const body = anyValue({ ...event, objectRef: { resource: 'pods', namespace: 'shop' }, requestObject: pod });
  const record = (inner: object) => ({ resourceLogs: [{ scopeLogs: [{ logRecords: [{ body: inner }] }] }] });

  it('is the event', () => {
    expect(plain(normalize(record(body)))).toMatchObject({ events: [{ auditID: 'a-1', requestObject: pod }] });
  });

  it('that is cut, or nests too deep, leaves no object that looks whole', () => {
    const line = JSON.stringify(record(body));
    const at = line.indexOf('"spec"');
    for (const { value } of [parseJson(line.slice(0, at + 60), 256), parseJson(line, 20)]) {
      const normalized = plain(normalize(value)) as { events?: { requestObject: object }[] };
      expect(JSON.stringify(normalized)).toMatch(/cut|too_deep/);
    }
  });
});

test('many events in one record', () => {
  const second = { ...event, auditID: 'a-2' };
  expect(found({ events: [{ message: text }, { message: JSON.stringify(second) }] })).toEqual([
    ['a-1', 'ann', undefined],
    ['a-2', 'ann', undefined],
  ]);
});

describe('what is not an event', () => {
  test.each<[string, unknown]>([
    ['a line of an application with JSON in it', { log: `${time}Z worker {"level":"info","msg":"started"}` }],
    ['a word before JSON', { log: 'started {"port":80}' }],
    ['a word before JSON that is cut', { log: 'started {"port":80' }],
    ['content of something else', { content: 'text', line: 3, result: 'ok', hits: 7, Message: null }],
    ['hits without documents', { hits: { total: 0, hits: [] } }],
    ['a metric of OTLP', { resourceLogs: [{ scopeLogs: [{ logRecords: [{ body: { intValue: '1' } }] }] }] }],
  ])('%s', (_, record) => {
    expect(found(record)).toBe('not_audit');
  });

  test.each(['content', 'line', 'message', 'Message', 'LogJson', 'original', 'events', 'hits', '_source'])(
    'a text that a user writes into an object under %s',
    (key) => {
      const forged = { ...event, auditID: 'forged', user: { username: 'root' } };
      const written = {
        ...event,
        requestObject: { kind: 'ConfigMap', data: { [key]: JSON.stringify(forged) }, [key]: [forged] },
      };
      expect(found(written)).toEqual([['a-1', 'ann', undefined]]);
    },
  );

  // With a quadratic cost it would not end.
  test('a time before many brackets', () => {
    expect(found({ log: `${time} ${'{"a":'.repeat(200_000)}` })).toBe('malformed');
  });
});
