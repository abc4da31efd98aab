/** The attacks: each represents its kind. Ceilings are about half above what was measured on two cores. */
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { compressSync as snappyCompressSync } from 'snappy';
import { type Answers, type Attack, type Cost, rest } from './siege.ts';

const MiB = 1024 * 1024;
const json = { 'content-type': 'application/json' };
const ndjson = { 'content-type': 'application/x-ndjson' };
const msgpack = { 'content-type': 'application/msgpack' };
const gzip = { 'content-encoding': 'gzip' };

/** A text repeated up to a size. */
const repeated = (text: string, bytes: number) => Buffer.from(text.repeat(Math.floor(bytes / text.length)));

/** The memory limit of the container of examples/pod, less a twentieth. */
const ROOM = 1460;
const ceilings = (memory: number, cpu: number, silence = 1): Cost => ({ memory: Math.min(memory, ROOM), cpu, silence });

/** An event that many rules match, in few bytes. */
const matched = JSON.stringify({
  kind: 'Event',
  apiVersion: 'audit.k8s.io/v1',
  auditID: 'a',
  stage: 'ResponseComplete',
  verb: 'create',
  user: { username: 'system:anonymous' },
  sourceIPs: ['1.2.3.4'],
  userAgent: 'kubectl',
  objectRef: { resource: 'pods', namespace: 'kube-system' },
  responseStatus: { code: 201 },
  requestObject: {
    spec: { hostPID: true, hostIPC: true, hostNetwork: true, containers: [{ securityContext: { privileged: true } }] },
  },
});
/** An event that most rules cannot decide, because its body was not logged. */
const undecided = matched.replace(/,"requestObject":.*/, ',"level":"Metadata"}');
const within = (inside: string) => matched.replace('"requestObject":{', `"requestObject":{"a":${inside},`);

interface Bodies {
  name: string;
  limit: string;
  ceilings: Cost;
  make: () => Uint8Array;
  headers: Record<string, string>;
  /** How many are sent at once. */
  count?: number;
  query?: string;
  settings?: Attack['settings'];
  /** Permitted statuses of answers. */
  statuses: number[];
}

/** The same body from several senders at once. */
function bodies({ make, headers, count = 1, query = '?reply=none', statuses, ...attack }: Bodies): Attack {
  let body: Uint8Array | undefined;
  return {
    ...attack,
    prepare: () => (body ??= make()),
    async run({ post }) {
      await Promise.all(Array.from({ length: count }, () => post(body!, headers, query)));
      body = undefined;
    },
    faultIn: (answers) => others(answers, statuses),
  };
}

function others(answers: Answers, statuses: number[]): string | undefined {
  const unexpected = [...answers.keys()].filter((status) => !statuses.includes(status));
  return unexpected.length === 0 ? undefined : `answered ${unexpected}`;
}

const head = (length: number, query = '') =>
  `POST /v1/records${query} HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-ndjson\r\nContent-Length: ${length}\r\n\r\n`;

/** Replies that nobody reads. */
function unread(count: number, bytes: number, seconds: number, most: Cost): Attack {
  return {
    name: `replies that nobody reads, ${count} of some ${Math.round((bytes * 5) / 1e6)} MB`,
    limit: 'limits.maxPendingBytes; 20 s of rest, 2 s under pressure',
    ceilings: most,
    async run({ hold }) {
      const body = repeated(`${matched}\n`, bytes);
      for (let index = 0; index < count; index++) hold(head(body.length, '?reply=records'), body);
      await rest(seconds);
    },
  };
}

/** Half of a request on many connections, while another sender is served. */
function halves(name: string, count: number, bytes: Uint8Array | string, seconds: number, most: Cost): Attack {
  return {
    name: `${name}, ${count} connections`,
    limit: 'what has arrived counts; 10 s for headers, 20 s of rest',
    ceilings: most,
    async run({ hold, post }) {
      for (let index = 0; index < count; index++) hold(bytes);
      await rest(seconds / 2);
      await post(Buffer.from(`${matched}\n`), ndjson, '?reply=none');
      await rest(seconds / 2);
    },
    faultIn: (answers) => others(answers, [204]),
  };
}

/** Parts of messages of the forward protocol on many connections, while another sender is served. */
function forwardHalves(count: number, bytes: number, seconds: number, most: Cost): Attack {
  return {
    name: `forward messages of 16 MiB of which ${bytes / MiB} MiB come, ${count} connections`,
    limit: 'nothing is read while there is no capacity; 20 s of rest, 2 s under pressure',
    ceilings: most,
    settings: (silent) => [
      'forward: { listen: "127.0.0.1:0" }',
      `sinks: [{ type: forward, host: 127.0.0.1, port: ${silent} }]`,
    ],
    async run({ holdForward }) {
      const half = Buffer.concat([Buffer.from('93a174c601000000', 'hex'), Buffer.alloc(bytes)]);
      for (let index = 0; index < count; index++) holdForward(half);
      await rest(seconds);
    },
    faultIn(_, metrics) {
      const counted = /requests_refused_total\{problem="(server\.overloaded|request\.too_slow)"/.test(metrics);
      return counted ? undefined : 'none of them was given up';
    },
  };
}

/** Bodies that Fluent Bit would drop if they were answered 4xx. */
const unreadable: Attack = {
  name: 'what HTTP cannot read, 200 requests',
  limit: '64 KB of headers; one line of log a minute',
  ceilings: ceilings(450, 3),
  async run({ hold }) {
    for (let index = 0; index < 50; index++) {
      hold('POST /v1/records% HTTP/1.1\r\nHost: x\r\nUser-Agent: Fluent-Bit\r\nContent-Length: 0\r\n\r\n');
      hold(`POST /v1/records HTTP/1.1\r\nX-Fluent-Tag: ${'t'.repeat(70_000)}\r\n\r\n`);
      hold('\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03');
      hold('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
    }
    await rest(1);
  },
  faultIn: (_, metrics) => {
    const counted = (problem: string) =>
      Number(new RegExp(`requests_refused_total\\{problem="${problem}"[^}]*\\} (\\d+)`).exec(metrics)?.[1]);
    const [malformed, headers] = [counted('request.malformed'), counted('request.headers')];
    return malformed >= 150 && headers >= 50 ? undefined : `counted ${malformed} malformed and ${headers} large ones`;
  },
};

const bombs = (count: number, mebibytes = 132): Bodies => ({
  name: `gzip beyond the limits, ${count} of ${mebibytes} MiB`,
  limit: 'limits.maxDecompressedBytes; inflated one at a time',
  ceilings: ceilings(400, 0.3 * count + 1),
  make: () => gzipSync(Buffer.alloc(mebibytes * MiB, ' ')),
  headers: { ...ndjson, ...gzip },
  count,
  statuses: [413],
});

const manyValues: Bodies = {
  name: 'a record of 5 million lists',
  limit: 'a million values of a record; limits.maxRecords',
  ceilings: ceilings(500, 4),
  make: () => Buffer.from(within(`[${'[],'.repeat(4.9e6)}[]]`)),
  headers: json,
  statuses: [204],
};

const wide = (length: number) => `[${Array.from({ length }, (_, index) => `{"k${index}":[1]}`)}]`;

export const attacks: Attack[] = [
  bodies(bombs(20)),
  bodies({
    ...bombs(20),
    name: 'gzip within the limits, 5 of 29 MiB that all match',
    make: () => gzipSync(repeated(`${matched}\n`, 29 * MiB)),
    count: 5,
    ceilings: ceilings(900, 90),
    statuses: [204, 503],
  }),
  bodies({
    ...bombs(20),
    name: 'zstd beyond the limits, 20',
    make: () => zstdCompressSync(Buffer.alloc(512 * MiB, ' ')),
    headers: { ...ndjson, 'content-encoding': 'zstd' },
  }),
  bodies({
    ...bombs(20),
    name: 'snappy of 30 MiB, 20',
    make: () => snappyCompressSync(Buffer.alloc(30 * MiB, ' ')),
    headers: { ...ndjson, 'content-encoding': 'snappy' },
    ceilings: ceilings(600, 10),
    statuses: [400, 503],
  }),
  unread(20, 5e6, 60, ceilings(900, 60)),
  forwardHalves(400, 2 * MiB, 25, ceilings(550, 4)),
  halves('bodies of 32 MiB of which 8 bytes come', 8, `${head(32 * MiB)}{"a":1}\n`, 2, ceilings(320, 2)),
  halves(
    'half of the headers, 60 KB',
    900,
    `POST /v1/records HTTP/1.1\r\nX: ${'x'.repeat(60_000)}`,
    14,
    ceilings(500, 5),
  ),
  halves(
    'bodies of 8 MiB that stop half-way',
    32,
    Buffer.concat([Buffer.from(head(8 * MiB)), Buffer.alloc(4 * MiB, ' ')]),
    8,
    ceilings(500, 5),
  ),
  unreadable,
  bodies({
    name: '32 MiB that many rules match, with the records as reply',
    limit: 'findings that a batch lists; limits.maxBodyBytes',
    ceilings: ceilings(1200, 60),
    make: () => repeated(`${matched}\n`, 32 * MiB),
    headers: ndjson,
    query: '?reply=records',
    statuses: [200],
  }),
  bodies({
    name: '32 MiB that no rule can decide, in Avro',
    limit: 'items that a batch lists; limits.maxBodyBytes',
    ceilings: ceilings(1200, 60),
    make: () => repeated(`${undecided}\n`, 32 * MiB),
    headers: { ...ndjson, accept: 'application/vnd.apache.avro' },
    query: '?reply=records',
    statuses: [200],
  }),
  bodies({
    name: '6 of 30 MiB that match, to a receiver that never acknowledges',
    limit: 'limits.maxPendingBytes, with what deliveries hold',
    ceilings: ceilings(1460, 90),
    settings: (port) => ['sinks:', `  - { type: forward, host: 127.0.0.1, port: ${port}, ackTimeoutSeconds: 10 }`],
    make: () => repeated(`${matched}\n`, 30 * MiB),
    headers: ndjson,
    count: 6,
    statuses: [503],
  }),
  bodies({
    name: 'a list of 39,001 events in one record',
    limit: 'a million values of a record',
    ceilings: ceilings(900, 60),
    make: () =>
      Buffer.from(
        `{"kind":"EventList","apiVersion":"audit.k8s.io/v1","items":[${`${matched},`.repeat(39_000)}${matched}]}`,
      ),
    headers: json,
    statuses: [204],
  }),
  bodies({
    ...manyValues,
    name: '32 MiB of [],',
    make: () => Buffer.from(`[${'[],'.repeat(1.1e7)}[]]`),
    statuses: [413],
  }),
  bodies({
    ...manyValues,
    name: '250,000 records of {}',
    make: () => Buffer.from('{}\n'.repeat(250_000)),
    headers: ndjson,
    ceilings: ceilings(500, 5),
  }),
  bodies({
    ...manyValues,
    name: '32 MiB of {"a":1}',
    make: () => repeated('{"a":1}\n', 32 * MiB),
    headers: ndjson,
    statuses: [413],
  }),
  bodies(manyValues),
  bodies({
    ...manyValues,
    name: 'a record of 300,000 maps with names',
    make: () => Buffer.from(within(wide(300_000))),
    ceilings: ceilings(700, 6),
  }),
  bodies({
    ...manyValues,
    name: 'a record of a million names',
    make: () => Buffer.from(within(`{${Array.from({ length: 990_000 }, (_, index) => `"k${index}":1`)}}`)),
    ceilings: ceilings(700, 6),
  }),
  bodies({
    ...manyValues,
    name: '32 MiB of MessagePack nil',
    make: () => Buffer.alloc(32 * MiB - 1, 0xc0),
    headers: msgpack,
    statuses: [400],
  }),
  bodies({
    ...manyValues,
    name: '32 MiB of MessagePack nil in one event',
    make: () => Buffer.concat([Buffer.from('920081a161dd01f00000', 'hex'), Buffer.alloc(0x01f00000, 0xc0)]),
    headers: msgpack,
    ceilings: ceilings(400, 5),
  }),
  bodies({
    ...manyValues,
    name: '32 MiB of empty MessagePack lists',
    make: () => Buffer.alloc(32 * MiB - 1, 0x90),
    headers: msgpack,
    statuses: [413],
  }),
  bodies({
    ...manyValues,
    name: '20 records with 100 MB of gzip inside each',
    limit: '32 MiB of a text, 256 MiB of a batch',
    make: () => {
      const data = gzipSync(Buffer.alloc(100 * MiB, '[')).toString('base64');
      return Buffer.from(`{"data":"${data}"}\n`.repeat(20));
    },
    headers: ndjson,
    ceilings: ceilings(500, 8),
  }),
  bodies({
    ...manyValues,
    name: '8 records with 20 MB of events in gzip inside each',
    limit: '32 MiB of a text, 256 MiB of a batch',
    make: () => {
      const text = `{"messageType":"DATA_MESSAGE","logGroup":"g","logEvents":[${`{"id":"1","timestamp":1,"message":${JSON.stringify(matched)}},`.repeat(35_000)}{}]}`;
      return Buffer.from(`{"data":"${gzipSync(text).toString('base64')}"}\n`.repeat(8));
    },
    headers: ndjson,
    ceilings: ceilings(900, 90),
  }),
];

/** The attacks that `npm test` runs, against one server: small forms of the most expensive ones. */
export const shortAttacks: Attack[] = [
  bodies({ ...bombs(6, 40), ceilings: ceilings(420, 4) }),
  unread(4, 1.5e6, 3, ceilings(500, 6)),
  halves('bodies of 32 MiB of which 8 bytes come', 8, `${head(32 * MiB)}{"a":1}\n`, 0.5, ceilings(500, 2)),
  unreadable,
  bodies(manyValues),
];
