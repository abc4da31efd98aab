/** S3 objects as records to scan, from a server that is as unreliable as networks and storage are. */
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { addressOf } from '../../src/storage/address.ts';
import { openStorage } from '../../src/storage/index.ts';
import { resumedRead } from '../../src/storage/resumed-read.ts';
import { lines } from '../commands/files.ts';
import { run } from '../commands/run.ts';
import { podEvent } from '../server/app.ts';
import { type FakeS3, give, openFakeS3, refuse } from './fake-s3.ts';

const log = (...ids: string[]) => lines(...ids.map((auditID) => podEvent({ auditID })));
const scan = (path: string, { environment }: FakeS3) =>
  run(['scan', path, '--show', 'findings', '-o', 'ndjson', '--rules', rule], { environment });
const rule = new URL('../../rules/kubernetes/pod-host-pid.yml', import.meta.url).pathname;
const filesIn = (stdout: string) => [
  ...new Set(
    stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line).file),
  ),
];

test('the objects below a prefix are scanned in the order of their names, over several pages, and no others', async () => {
  const keys = Array.from({ length: 25 }, (_, i) => `a/${String(i).padStart(2, '0')}.log`);
  const s3 = await openFakeS3({
    'b/other.log': log('x'),
    'a/': '',
    ...Object.fromEntries(keys.map((key) => [key, log(key)])),
  });
  s3.pageSize = 4;
  const { stdout, status } = await scan('s3://audit/a/', s3);
  expect(filesIn(stdout)).toEqual(keys.map((key) => `s3://audit/${key}`));
  expect(status).toBe(1);
});

test('layout and compression are detected from the bytes, as for files', async () => {
  const array = JSON.stringify([podEvent({ auditID: 'a' })]);
  const s3 = await openFakeS3({ one: array, two: gzipSync(log('b')), three: gzipSync(array) });
  const { stdout } = await scan('s3://audit', s3);
  expect(filesIn(stdout)).toEqual(['s3://audit/one', 's3://audit/three', 's3://audit/two']);
});

test.each([
  'with space',
  'ünï/日本',
  'a/../b',
  '/leading',
  'a//b',
  'per%20cent+plus',
  "q?u=o'te&amp;<x>",
  'a/./b',
  'tail/..',
])('an object may be called %s', async (key) => {
  const s3 = await openFakeS3({ [key]: log('a'), zz: 'not asked for' });
  const { stdout } = await scan(`s3://audit/${key}`, s3);
  expect(filesIn(stdout)).toEqual([`s3://audit/${key}`]);
});

const object = Buffer.from(log(...Array.from({ length: 400 }, (_, i) => `id-${i}`)));
async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

const quick = { firstWait: 1, silentMilliseconds: 300 };

async function bytesOf(s3: FakeS3, patience = quick): Promise<Buffer> {
  const { openS3 } = await import('../../src/storage/s3.ts');
  const store = await openS3(addressOf('s3://audit'), s3.environment);
  const [page] = await all(store.list(''));
  return Buffer.concat(await all(resumedRead(store, 's3', page![0]!, patience)));
}

test('a body that is cut off is resumed at the byte that was reached', async () => {
  const s3 = await openFakeS3({ log: object });
  s3.before = (key, response, request) => key === 'log' && give(object, request, response, 50_000);
  expect((await bytesOf(s3)).equals(object)).toBe(true);
  const ranges = s3.asked.flatMap((asked) => /bytes=(\d+)-/.exec(asked)?.[1] ?? []).map(Number);
  expect(ranges.length).toBeGreaterThan(3);
  expect(ranges).toEqual(ranges.toSorted((a, b) => a - b));
});

test('a body that ends early, as if it were whole, is resumed as well', async () => {
  const s3 = await openFakeS3({ log: object });
  let times = 0;
  s3.before = (key, response) => {
    if (key !== 'log' || times++ > 0) return false;
    response.writeHead(200, { 'transfer-encoding': 'chunked' });
    response.end(object.subarray(0, 1000));
    return true;
  };
  expect((await bytesOf(s3)).equals(object)).toBe(true);
  expect(s3.asked.join('\n')).toContain('bytes=1000-');
});

test('a body that hangs is requested again', async () => {
  const s3 = await openFakeS3({ log: object });
  let times = 0;
  s3.before = (key, response) => {
    if (key !== 'log' || times++ > 0) return false;
    response.writeHead(200, { 'content-length': object.length });
    response.write(object.subarray(0, 1000));
    return true;
  };
  expect((await bytesOf(s3)).equals(object)).toBe(true);
});

test('a body that never gives another byte is an error that names the byte', async () => {
  const s3 = await openFakeS3({ log: object });
  s3.before = (key, response, request) => {
    if (key !== 'log') return false;
    if (request.headers.range === undefined) return give(object, request, response, 1000);
    request.socket.destroy();
    return true;
  };
  await expect(bytesOf(s3)).rejects.toMatchObject({
    code: 'storage.failed',
    message: expect.stringMatching(/^at byte 1000 of \d+: /),
  });
}, 120_000);

test('an object that is overwritten while it is read is an error, and not a mixture', async () => {
  const s3 = await openFakeS3({ log: object });
  s3.before = (key, response, request) => {
    if (key !== 'log' || request.headers.range !== undefined) return false;
    s3.objects.set('log', Buffer.from(log('other')));
    return give(object, request, response, 1000);
  };
  await expect(bytesOf(s3)).rejects.toThrow(/at byte 1000 of .* another version of it now .* run the command again/);
});

const allOf = (before: FakeS3['before']) => before;
const listing = (before: (response: Parameters<FakeS3['before']>[1]) => true) =>
  allOf((key, response) => (key === undefined ? before(response) : false));
const reading = (before: (response: Parameters<FakeS3['before']>[1]) => true) =>
  allOf((key, response) => (key === undefined ? false : before(response)));

test.each<[string, FakeS3['before'], string, RegExp]>([
  [
    'a list that is denied',
    listing((r) => refuse(r, 403, 'AccessDenied')),
    's3://audit/a',
    /does not allow it .*s3:ListBucket/,
  ],
  [
    'an object that is denied',
    reading((r) => refuse(r, 403, 'AccessDenied')),
    's3://audit/a: at byte 0',
    /s3:GetObject/,
  ],
  [
    'a key that is not known',
    listing((r) => refuse(r, 403, 'InvalidAccessKeyId')),
    's3://audit/a',
    /AWS_ACCESS_KEY_ID/,
  ],
  [
    'a token that has expired',
    reading((r) => refuse(r, 400, 'ExpiredToken')),
    's3://audit/a',
    /have expired .*aws sso login/,
  ],
  ['a bucket that is not there', listing((r) => refuse(r, 404, 'NoSuchBucket')), 's3://audit/a', /no such bucket/],
  ['an object that has gone', reading((r) => refuse(r, 404, 'NoSuchKey')), 's3://audit/a', /no longer has it/],
  ['an object in an archive', reading((r) => refuse(r, 403, 'InvalidObjectState')), 's3://audit/a', /restore it first/],
  ['another region', listing((r) => refuse(r, 400, 'AuthorizationHeaderMalformed')), 's3://audit/a', /set AWS_REGION/],
  [
    'a list that is no XML',
    listing((r) => !!r.writeHead(200).end('<<<{"no": xml') as true),
    's3://audit/a',
    /gives an unexpected answer|cannot be reached/,
  ],
  [
    'a list of another kind',
    listing((r) => !!r.writeHead(200).end('<html><body>Hello</body></html>') as true),
    's3://audit/a',
    /no object has a key/,
  ],
  [
    'a list without an end',
    listing(
      (r) => !!r.writeHead(200).end('<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>') as true,
    ),
    's3://audit/a',
    /names no next one/,
  ],
])('%s is reported with what to do', async (_, before, where, remedy) => {
  const s3 = await openFakeS3({ a: log('a') });
  s3.before = before;
  const { status, stderr } = await scan('s3://audit/a', s3);
  expect(stderr).toContain(`tripline: ${where}`);
  expect(stderr).toMatch(remedy);
  expect(stderr).not.toContain('    at ');
  expect(status).toBe(2);
});

test('an object that cannot be read does not stop the others', async () => {
  const s3 = await openFakeS3({ a: log('a'), b: log('b'), c: log('c') });
  s3.before = (key, response) => key === 'b' && refuse(response, 403, 'AccessDenied');
  const { stdout, stderr, status } = await scan('s3://audit', s3);
  expect(filesIn(stdout)).toEqual(['s3://audit/a', 's3://audit/c']);
  expect(stderr).toContain('s3://audit/b: at byte 0');
  expect(status).toBe(2);
});

test('a request is repeated if the storage asks to slow down', async () => {
  const s3 = await openFakeS3({ a: log('a') });
  let times = 0;
  s3.before = (_, response) => times++ % 2 === 0 && refuse(response, 503, 'SlowDown');
  const { stdout } = await scan('s3://audit', s3);
  expect(filesIn(stdout)).toEqual(['s3://audit/a']);
});

test('an address where nobody listens is reported', async () => {
  const s3 = await openFakeS3();
  s3.environment.AWS_ENDPOINT_URL = 'http://127.0.0.1:1';
  const { stderr, status } = await scan('s3://audit/a', s3);
  expect(stderr).toMatch(/the storage cannot be reached \(.*ECONNREFUSED.*\); check AWS_ENDPOINT_URL/);
  expect(status).toBe(2);
});

test('a prefix without objects is not reported as clear', async () => {
  const { stderr, status } = await scan('s3://audit/none', await openFakeS3({ a: log('a') }));
  expect(stderr).toContain('s3://audit/none: no object has a key that begins like this');
  expect(status).toBe(2);
});

test.each(['s3://', 's3:///a', 's3://a b/c', 'az://account', 'az://ACCOUNT/c/p', 'gs://'])(
  '%s is not an address',
  async (path) => {
    const { stderr, status } = await scan(path, await openFakeS3());
    expect(stderr).toContain('is not the address of objects; write');
    expect(status).toBe(2);
  },
);

test('a file becomes the object of a key, and a second time the same one', async () => {
  const s3 = await openFakeS3();
  const storage = await openStorage('s3://audit/tagged', s3.environment);
  for (let times = 0; times < 2; times++) {
    expect(await storage.put('date=2026-01-01/a', import.meta.filename)).toBe('s3://audit/tagged/date=2026-01-01/a');
  }
  expect([...s3.objects.keys()]).toEqual(['tagged/date=2026-01-01/a']);
  expect(s3.objects.get('tagged/date=2026-01-01/a')!.toString()).toContain('a second time the same one');
});
