/** Files as tools write them, each with the same events in it. */

export interface Layout {
  name: string;
  content: string | Uint8Array;
}

const TIME = '2026-01-02T03:04:05';
const pretty = (value: unknown, indent = 2) => JSON.stringify(value, null, indent);

/** A table of layouts that hold these events, and nothing else. */
export function layoutsOf(events: readonly Record<string, unknown>[]): Layout[] {
  const texts = events.map((event) => JSON.stringify(event));
  const lines = (lineOf: (text: string) => string) => texts.map((text) => `${lineOf(text)}\n`).join('');
  const layout = (name: string, content: string | Uint8Array): Layout => ({ name, content });
  const plain = lines((text) => text);
  return [
    layout(
      'aws logs tail --format short',
      lines((text) => `${TIME} ${text}`),
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
      'kubectl logs --prefix',
      lines((text) => `[pod/kube-apiserver-a/kube-apiserver] ${text}`),
    ),
    layout(
      'kubectl logs --timestamps',
      lines((text) => `${TIME}.123456789Z ${text}`),
    ),
    layout('logcli -o raw', plain),
    layout(
      'logcli',
      lines((text) => `${TIME}Z {job="audit", node="{a}"} ${text}`),
    ),
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
  ];
}

/** A line in parts, with those of the other stream between them. */
function criParts(text: string): string {
  const parts = text.match(/.{1,200}/g)!;
  return parts
    .map((part, i) => {
      const tag = i === parts.length - 1 ? 'F' : 'P';
      return `${TIME}.00000000${i}Z stdout ${tag} ${part}`;
    })
    .join(`\n${TIME}.5Z stderr P \n`);
}
