/** Files as tools write them, each with the same events. */

export interface Layout {
  name: string;
  content: string | Uint8Array;
}

const TIME = '2026-01-02T03:04:05';
const STREAM = 'kube-apiserver-audit-0a1b2c3d4e5f60718293a4b5c6d7e8f9';
const pretty = (value: unknown, indent = 2) => JSON.stringify(value, null, indent);

/** A table of layouts that hold these events, and nothing else. */
export function layoutsOf(events: readonly Record<string, unknown>[]): Layout[] {
  const texts = events.map((event) => JSON.stringify(event));
  const lines = (lineOf: (text: string) => string) => texts.map((text) => `${lineOf(text)}\n`).join('');
  const layout = (name: string, content: string | Uint8Array): Layout => ({ name, content });
  const plain = lines((text) => text);
  return [
    layout(
      'aws logs tail',
      lines((text) => `${TIME}.123000+00:00 ${STREAM} ${text}`),
    ),
    layout(
      'aws logs tail --format short',
      lines((text) => `${TIME} ${text}`),
    ),
    layout(
      'aws logs tail --format json',
      events.map((event) => `${TIME}.123000+00:00 ${STREAM} \n${pretty(event, 4)}\n`).join(''),
    ),
    layout(
      'aws logs filter-log-events',
      `${pretty({
        events: texts.map((message) => ({ logStreamName: STREAM, timestamp: 1767323045000, message, eventId: '3' })),
        searchedLogStreams: [],
      })}\n`,
    ),
    layout(
      'aws logs get-log-events',
      `${pretty({
        events: texts.map((message) => ({ timestamp: 1767323045000, message, ingestionTime: 1767323046000 })),
        nextForwardToken: 'f/1',
      })}\n`,
    ),
    layout(
      'export of CloudWatch',
      lines((text) => `${TIME}.123Z ${text}`),
    ),
    layout(
      'CRI',
      lines((text) => `${TIME}.123456789Z stdout F ${text}`),
    ),
    layout(
      'CRI with more tags',
      lines((text) => `${TIME}.123456789+02:00 stdout F:x ${text}`),
    ),
    layout(
      'CRI in parts',
      lines((text) => criParts(text)),
    ),
    layout(
      'oc adm node-logs',
      lines((text) => `ip-10-0-1-2.ec2.internal ${text}`),
    ),
    layout(
      'kubectl logs --prefix',
      lines((text) => `[pod/kube-apiserver-a/kube-apiserver] ${text}`),
    ),
    layout(
      'kubectl logs --timestamps',
      lines((text) => `${TIME}.123456789Z ${text}`),
    ),
    layout(
      'OTLP, bodies as text',
      lines((text) => JSON.stringify(otlp({ stringValue: text }))),
    ),
    layout(
      'OTLP, bodies as maps',
      lines((text) => JSON.stringify(otlp(anyValue(JSON.parse(text))))),
    ),
    layout(
      'a result of Loki',
      JSON.stringify({
        status: 'success',
        data: {
          resultType: 'streams',
          result: [{ stream: { job: 'audit' }, values: texts.map((text, i) => [`176732304500000000${i}`, text]) }],
        },
      }),
    ),
    layout(
      'logcli -o jsonl',
      lines((line) => JSON.stringify({ labels: { job: 'audit' }, line, timestamp: `${TIME}Z` })),
    ),
    layout('logcli -o raw', plain),
    layout(
      'logcli',
      lines((text) => `${TIME}Z {job="audit", node="{a}"} ${text}`),
    ),
    layout('a search of Elasticsearch', `${JSON.stringify(search(events))}\n`),
    layout('a search of Elasticsearch, pretty', `${pretty(search(events))}\n`),
    layout('an EventList, pretty', pretty({ kind: 'EventList', apiVersion: 'audit.k8s.io/v1', items: events }, 4)),
    layout(
      'pretty events, lines before',
      `${texts[0]}\n${events
        .slice(1)
        .map((event) => pretty(event))
        .join('\n')}`,
    ),
    layout('NUL bytes first', Buffer.concat([Buffer.alloc(300_000), Buffer.from(plain)])),
    layout('NUL bytes between lines', plain.replaceAll('\n', `\n${'\0'.repeat(70_000)}`)),
    layout('NUL bytes before an array', `\0\0[\0${texts.join(',\n\0\0')}]\0`),
    layout('NUL bytes before texts', `\0\0${lines((text) => `${TIME} ${text}`)}`),
    layout('a byte order mark before texts', `\ufeff${lines((text) => `${TIME} ${text}`)}`),
    layout(
      'byte order marks between lines',
      lines((text) => `\ufeff${text}`),
    ),
    layout(
      'CRLF',
      lines((text) => `${text}\r`),
    ),
    layout(
      'texts with CRLF',
      lines((text) => `${TIME} ${text}\r`),
    ),
    layout(
      'a pretty text with CRLF',
      events
        .map((event) => `${TIME} ${STREAM}\n${pretty(event)}\n`)
        .join('')
        .replaceAll('\n', '\r\n'),
    ),
  ];
}

/** A line in parts, interleaved with those of the other stream. */
function criParts(text: string): string {
  const parts = text.match(/.{1,200}/g)!;
  return parts
    .map((part, i) => {
      const tag = i === parts.length - 1 ? 'F' : 'P';
      return `${TIME}.00000000${i}Z stdout ${tag} ${part}`;
    })
    .join(`\n${TIME}.5Z stderr P \n`);
}

function otlp(body: unknown) {
  const logRecords = [{ timeUnixNano: '1767323045000000000', body }];
  return { resourceLogs: [{ resource: { attributes: [] }, scopeLogs: [{ scope: {}, logRecords }] }] };
}

function anyValue(value: unknown): unknown {
  if (Array.isArray(value)) return { arrayValue: { values: value.map(anyValue) } };
  if (typeof value === 'object' && value !== null) {
    return { kvlistValue: { values: Object.entries(value).map(([key, each]) => ({ key, value: anyValue(each) })) } };
  }
  if (typeof value === 'boolean') return { boolValue: value };
  return typeof value === 'number' ? { intValue: String(value) } : { stringValue: value };
}

function search(events: readonly unknown[]) {
  const hits = events.map((_source, i) => ({ _index: 'audit', _id: `${i}`, _score: 1, _source }));
  return { took: 3, timed_out: false, hits: { total: { value: events.length, relation: 'eq' }, max_score: 1, hits } };
}
