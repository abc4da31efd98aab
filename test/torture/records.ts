/** Numbered audit records, generated as fast as they can be sent: each is a template with its number, its sequence and its time
 * written into it, so that every byte of what arrives can be checked from its number alone. */
import { encode } from '@msgpack/msgpack';

/** Records repeat after this many, except for numbers and times. */
export const PERIOD = 1000;
/** Records of one chunk: a burst is whole in one. */
export const CHUNK = 500;
/** Users of spread records change after this many: their records are in four chunks. */
export const SPREAD_PERIOD = 4 * CHUNK;

/** Placeholders in a template for what differs between records, of the same length. */
const NUMBER = '99999991';
const SEQUENCE = '99999992';
const TIME = '59:59.999999';
const DATE = '1772326799.999999';

/** 2026-03-01T00:00:00Z; records are 100 microseconds apart. */
const FIRST_SECOND = 1_772_323_200;
const RECORDS_A_SECOND = 10_000;
/** What the minutes of a time can represent. */
export const MAX_RECORDS = 3600 * RECORDS_A_SECOND;

export const secondOf = (n: number) => FIRST_SECOND + Math.floor(n / RECORDS_A_SECOND);
export const nanosecondsOf = (n: number) => (n % RECORDS_A_SECOND) * (1e9 / RECORDS_A_SECOND);

/** A burst of refusals, whole in one chunk: the result of a correlation on it is the same whatever happens. */
export const isBurst = (n: number) => n % PERIOD >= 100 && n % PERIOD < 112;
/** Refusals of one user in four chunks, which arrive in any order and on both sides of a restart. */
export const isSpread = (n: number) => n % 100 === 80;
/** The number in the user name of a burst or of spread records. */
export const sequenceOf = (n: number) =>
  isSpread(n) ? Math.floor(n / SPREAD_PERIOD) : isBurst(n) ? Math.floor(n / PERIOD) : 0;

const auditID = `trt-${NUMBER}`;
/** Begins the identifier of a record: its first occurrence is in the auditID. */
export const MARK = Buffer.from('trt-');
export const DIGITS = 8;

const time = `2026-03-01T00:${TIME}Z`;

function event(verb: string, resource: string, more: object = {}) {
  return {
    kind: 'Event',
    apiVersion: 'audit.k8s.io/v1',
    level: 'Request',
    auditID,
    stage: 'ResponseComplete',
    requestURI: `/api/v1/namespaces/shop/${resource}`,
    verb,
    user: { username: 'ann@example.com', groups: ['dev', 'system:authenticated'] },
    sourceIPs: ['10.0.3.9'],
    userAgent: 'kubectl/v1.33.1 (linux/amd64) kubernetes/8adc0f0',
    objectRef: { resource, namespace: 'shop', apiVersion: 'v1' },
    responseStatus: { metadata: {}, code: 200 },
    requestReceivedTimestamp: time,
    stageTimestamp: time,
    annotations: { 'authorization.k8s.io/decision': 'allow', 'authorization.k8s.io/reason': '' },
    ...more,
  };
}

const pod = (hostPID: boolean) =>
  event('create', 'pods', {
    objectRef: { resource: 'pods', namespace: 'shop', name: `web-${NUMBER}`, apiVersion: 'v1' },
    responseStatus: { metadata: {}, code: 201 },
    requestObject: {
      kind: 'Pod',
      apiVersion: 'v1',
      metadata: { name: `web-${NUMBER}`, namespace: 'shop' },
      spec: { hostPID, containers: [{ name: 'web', image: 'registry.example.com/web:1.4', resources: {} }] },
    },
  });

/** What most of an audit log consists of: a controller that renews its lease. */
const lease = event('update', 'leases', {
  requestURI: '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/node-7?timeout=10s',
  user: { username: 'system:node:node-7', groups: ['system:nodes', 'system:authenticated'] },
  userAgent: 'kubelet/v1.33.1 (linux/amd64) kubernetes/8adc0f0',
  objectRef: {
    resource: 'leases',
    namespace: 'kube-node-lease',
    name: 'node-7',
    apiGroup: 'coordination.k8s.io',
    apiVersion: 'v1',
  },
});

const refused = (username: string) =>
  event('list', 'configmaps', {
    user: { username, groups: ['dev', 'system:authenticated'] },
    responseStatus: { metadata: {}, status: 'Failure', reason: 'Forbidden', code: 403 },
    annotations: { 'authorization.k8s.io/decision': 'forbid', 'authorization.k8s.io/reason': '' },
  });

/** Selected by the last two digits of the number; leases fill the rest. */
const rare: Record<number, object> = {
  7: pod(true),
  17: pod(false),
  27: { log: `I0301 00:00:00.000000 1 server.go:42] "a text line" id="${auditID}" é` },
  37: { log: JSON.stringify(pod(true)).split('"hostPID"')[0] },
  47: {
    messageType: 'DATA_MESSAGE',
    logStream: 'kube-apiserver-audit-0123456789abcdef0123456789abcdef',
    logGroup: '/aws/eks/prod/cluster',
    message: JSON.stringify(pod(true)),
  },
  57: {
    category: 'kube-audit',
    operationName: 'Microsoft.ContainerService/managedClusters/diagnosticLogs/Read',
    properties: { log: `${JSON.stringify(pod(true))}\n`, stream: 'stdout', pod: 'kube-apiserver-6d9f' },
    time,
  },
  67: {
    ...lease,
    numbers: [9007199254740993n, 18446744073709551615n, -9223372036854775808n, 0, -1, 65536, 0.5, -2.5e-10, 1.5e100],
    note: 'Grüße, 世界, 🛰, \u0001 \\ " / <&>',
    '': null,
    ключ: {},
    list: [],
  },
  80: refused(`trt-spread-${SEQUENCE}`),
  // An exec by a person into a pod.
  87: event('create', 'pods', {
    requestURI: `/api/v1/namespaces/shop/pods/web-${NUMBER}/exec?command=sh&stdin=true&tty=true`,
    objectRef: { resource: 'pods', namespace: 'shop', name: `web-${NUMBER}`, apiVersion: 'v1', subresource: 'exec' },
    responseStatus: { metadata: {}, code: 101 },
  }),
};
const burst = refused(`trt-burst-${SEQUENCE}`);

/** 64-bit integers as digits. */
const jsonOf = (record: object) =>
  JSON.stringify(record, (_, value) => (typeof value === 'bigint' ? `#${value}#` : value)).replace(
    /"#(-?\d+)#"/g,
    '$1',
  );

/** Bytes with holes. */
interface Template {
  bytes: Buffer;
  numbers: number[];
  sequences: number[];
  times: number[];
  dates: number[];
}

function templateOf(bytes: Buffer): Template {
  const places = (text: string) => {
    const found: number[] = [];
    for (let at = bytes.indexOf(text); at !== -1; at = bytes.indexOf(text, at + 1)) found.push(at);
    return found;
  };
  return { bytes, numbers: places(NUMBER), sequences: places(SEQUENCE), times: places(TIME), dates: places(DATE) };
}

/** The contents of the holes of the record that is being written. */
const number = Buffer.alloc(NUMBER.length);
const sequence = Buffer.alloc(SEQUENCE.length);
const clock = Buffer.alloc(TIME.length, TIME);
const date = Buffer.alloc(DATE.length, DATE);

function writeDigits(value: number, into: Buffer, at: number, digits: number): void {
  let left = value;
  for (let place = at + digits - 1; place >= at; place--) {
    into[place] = 0x30 + (left % 10);
    left = Math.floor(left / 10);
  }
}

/** Sets the contents of the holes. */
function begin(n: number): void {
  const seconds = Math.floor(n / RECORDS_A_SECOND);
  const micros = nanosecondsOf(n) / 1000;
  writeDigits(n, number, 0, 8);
  writeDigits(sequenceOf(n), sequence, 0, 8);
  writeDigits(Math.floor(seconds / 60), clock, 0, 2);
  writeDigits(seconds % 60, clock, 3, 2);
  writeDigits(micros, clock, 6, 6);
  writeDigits(FIRST_SECOND + seconds, date, 0, 10);
  writeDigits(micros, date, 11, 6);
}

function fill({ numbers, sequences, times, dates }: Template, into: Buffer, at: number): void {
  for (const place of numbers) into.set(number, at + place);
  for (const place of sequences) into.set(sequence, at + place);
  for (const place of times) into.set(clock, at + place);
  for (const place of dates) into.set(date, at + place);
}

interface Shape {
  /** With Fluent Bit's `date`. */
  json: Template;
  /** A log event of Fluent Bit: its time, and the map. */
  msgpack: Template;
  /** The line of an audit log. */
  line: Template;
  /** What has to arrive after the header of the map, except for the tag. */
  members: Template;
  /** Members of the map without the tag. */
  count: number;
}

const EVENT_TIME_AT = 4;

function shapeOf(record: object): Shape {
  const text = jsonOf(record);
  const map = Buffer.from(encode(record, { useBigInt64: true }));
  const head = map[0]! < 0xde ? 1 : 3;
  return {
    json: templateOf(Buffer.from(`{"date":${DATE},${text.slice(1)}`)),
    msgpack: templateOf(Buffer.concat([Buffer.from('9292d700000000000000000080', 'hex'), map])),
    line: templateOf(Buffer.from('log' in record ? String(record.log) : text)),
    members: templateOf(map.subarray(head)),
    count: Object.keys(record).length,
  };
}

const shapes: readonly Shape[] = (() => {
  const ofLease = shapeOf(lease);
  const ofBurst = shapeOf(burst);
  const ofRare = new Map(Object.entries(rare).map(([slot, record]) => [Number(slot), shapeOf(record)]));
  return Array.from({ length: PERIOD }, (_, slot) => (isBurst(slot) ? ofBurst : (ofRare.get(slot % 100) ?? ofLease)));
})();

export type Format = 'msgpack' | 'json' | 'json_lines' | 'json_stream';
export const formats: readonly Format[] = ['msgpack', 'json', 'json_lines', 'json_stream'];
export const mediaTypes: Record<Format, string> = {
  msgpack: 'application/msgpack',
  json: 'application/json',
  json_lines: 'application/x-ndjson',
  json_stream: 'application/json',
};

/** What precedes, separates and follows records. */
const framing: Record<Format | 'log', [string, string, string]> = {
  msgpack: ['', '', ''],
  json: ['[', ',', ']'],
  json_lines: ['', '\n', '\n'],
  json_stream: ['', '', ''],
  log: ['', '\n', '\n'],
};

/** The records from one number up to, but not including, another: as Fluent Bit sends them, or as lines of an audit log. */
export function bodyOf(from: number, to: number, format: Format | 'log'): Buffer {
  const [before, between, behind] = framing[format];
  const kind = format === 'log' ? 'line' : format === 'msgpack' ? 'msgpack' : 'json';
  let length = before.length + behind.length + between.length * (to - from - 1);
  for (let n = from; n < to; n++) length += shapes[n % PERIOD]![kind].bytes.length;
  const body = Buffer.allocUnsafe(length);
  let at = body.write(before, 'latin1');
  for (let n = from; n < to; n++) {
    if (n > from) at += body.write(between, at, 'latin1');
    const template = shapes[n % PERIOD]![kind];
    begin(n);
    body.set(template.bytes, at);
    fill(template, body, at);
    if (kind === 'msgpack') {
      body.writeUInt32BE(secondOf(n), at + EVENT_TIME_AT);
      body.writeUInt32BE(nanosecondsOf(n), at + EVENT_TIME_AT + 4);
    }
    at += template.bytes.length;
  }
  body.write(behind, at, 'latin1');
  return body;
}

/** The number of the record whose mark is the next in some bytes; undefined if there is none, or not enough bytes. */
export function numberIn(bytes: Buffer, start: number, end: number): number | undefined {
  const at = bytes.indexOf(MARK, start) + MARK.length;
  if (at < MARK.length || at + DIGITS > end) return undefined;
  let n = 0;
  for (let place = at; place < at + DIGITS; place++) n = n * 10 + bytes[place]! - 0x30;
  return n;
}

/** The members of a record that have to arrive, as MessagePack without the header and the tag; valid until the next call. */
export function membersOf(n: number): { bytes: Buffer; count: number } {
  const { members, count } = shapes[n % PERIOD]!;
  begin(n);
  fill(members, members.bytes, 0);
  return { bytes: members.bytes, count };
}

/** The text with numbers and times relative to those of a record, so that records of one slot read alike. */
export function masked(text: string, n: number): string {
  return text
    .replace(/trt-(\d{8})/g, (_, digits) => `trt-<${Number(digits) - n}>`)
    .replace(/web-(\d{8})/g, (_, digits) => `web-<${Number(digits) - n}>`)
    .replace(/trt-(burst|spread)-(\d{8})/g, (_, kind, digits) => `trt-${kind}-<${Number(digits) - sequenceOf(n)}>`)
    .replace(/2026-03-01T00:(\d\d):(\d\d)\.(\d+)Z/g, (_, minutes, seconds, fraction) => {
      const unit = 10 ** fraction.length;
      const ticks = (Number(minutes) * 60 + Number(seconds)) * unit + Number(fraction);
      return `<${ticks - Math.floor((n * unit) / RECORDS_A_SECOND)}/${fraction.length}>`;
    });
}
