/** A small S3 on the loopback, which can misbehave as a test requires. */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { onTestFinished, vi } from 'vitest';

export interface FakeS3 {
  /** Environment variables with which a command finds it. */
  environment: Record<string, string>;
  objects: Map<string, Buffer>;
  /** Method and path of each request, with the header Range. */
  asked: string[];
  /** Keys per page of the list. */
  pageSize: number;
  /** Answers a request itself, and returns whether it has.
   * @param key of an object; undefined for the list */
  before(key: string | undefined, response: ServerResponse, request: IncomingMessage): boolean;
}

const escapes: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escaped = (text: string) => text.replaceAll(/[&<>"]/g, (character) => escapes[character]!);

export const etagOf = (body: Buffer) => `"${createHash('md5').update(body).digest('hex')}"`;

/** Error responses in S3's format. */
export function refuse(response: ServerResponse, status: number, code: string, message = code): true {
  response.writeHead(status, { 'content-type': 'application/xml' });
  response.end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>${escaped(message)}</Message></Error>`);
  return true;
}

/** Prevents the SDK from using the configuration of whoever runs the tests. */
export function stubCredentials(): void {
  const none = '/nonexistent/tripline';
  const variables = { AWS_ACCESS_KEY_ID: 'key', AWS_SECRET_ACCESS_KEY: 'secret', AWS_EC2_METADATA_DISABLED: 'true' };
  const files = { AWS_CONFIG_FILE: none, AWS_SHARED_CREDENTIALS_FILE: none };
  for (const [name, value] of Object.entries({ ...variables, ...files })) vi.stubEnv(name, value);
  onTestFinished(() => {
    vi.unstubAllEnvs();
  });
}

/** An S3 with one bucket, `audit`, until the test ends. */
export async function openFakeS3(objects: Record<string, string | Buffer> = {}): Promise<FakeS3> {
  stubCredentials();
  const server = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(`http://host${request.url!.replace(/^\/audit/, '/audit')}`);
    // As sent: URL would resolve the dots.
    const path = decodeURIComponent(request.url!.split('?')[0]!);
    const key = searchParams.has('list-type') || pathname === '/audit' ? undefined : path.slice('/audit/'.length);
    fake.asked.push([request.method, path, request.headers.range].filter(Boolean).join(' '));
    if (fake.before(key, response, request)) return;
    if (!path.startsWith('/audit')) return void refuse(response, 404, 'NoSuchBucket');
    if (key === undefined) return void list(searchParams, response);
    if (request.method === 'PUT') {
      const body = await buffer(request).catch(() => undefined);
      // Its sender was killed.
      if (body === undefined) return;
      fake.objects.set(key, body);
      return void response.writeHead(200, { etag: etagOf(body) }).end();
    }
    const body = fake.objects.get(key);
    if (body === undefined) return void refuse(response, 404, 'NoSuchKey');
    give(body, request, response);
  });

  function list(query: URLSearchParams, response: ServerResponse): void {
    const after = query.get('continuation-token') ?? '';
    const keys = [...fake.objects.keys()].filter((key) => key.startsWith(query.get('prefix') ?? '')).sort();
    const rest = keys.filter((key) => key > after);
    const page = rest.slice(0, fake.pageSize);
    const contents = page.map((key) => {
      const body = fake.objects.get(key)!;
      return `<Contents><Key>${escaped(key)}</Key><Size>${body.length}</Size><ETag>${escaped(etagOf(body))}</ETag></Contents>`;
    });
    const isCut = page.length < rest.length;
    const next = isCut ? `<NextContinuationToken>${escaped(page.at(-1)!)}</NextContinuationToken>` : '';
    response.writeHead(200, { 'content-type': 'application/xml' });
    response.end(
      `<?xml version="1.0"?><ListBucketResult><IsTruncated>${isCut}</IsTruncated>${next}${contents.join('')}</ListBucketResult>`,
    );
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const fake: FakeS3 = {
    environment: { AWS_ENDPOINT_URL: `http://127.0.0.1:${port}` },
    objects: new Map(Object.entries(objects).map(([key, body]) => [key, Buffer.from(body)])),
    asked: [],
    pageSize: 1000,
    before: () => false,
  };
  return fake;
}

/** Serves an object, or the requested part of it.
 * @param most bytes after which the connection is cut */
export function give(body: Buffer, request: IncomingMessage, response: ServerResponse, most = Infinity): true {
  const etag = etagOf(body);
  const wanted = request.headers['if-match'];
  if (wanted !== undefined && wanted !== etag) return refuse(response, 412, 'PreconditionFailed');
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
  const part = body.subarray(from);
  response.writeHead(from > 0 ? 206 : 200, { 'content-length': part.length, etag });
  if (part.length <= most) response.end(part);
  else response.write(part.subarray(0, most), () => setTimeout(() => response.destroy(), 20));
  return true;
}
