/** The HTTP API of a sidecar's console, with findings supplied by a test. */
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { FindingRow, Findings, Now, Session, StreamFindings } from '../../src/console/api.ts';

export function rowOf(id: string, more: Partial<FindingRow> = {}): FindingRow {
  return {
    ...{ id, kind: 'finding', rule: 'pod-host-pid', title: 'Pod with the host PID namespace', level: 'medium' },
    ...{ mode: 'live', summary: `[ann] created pod [${id}]`, parts: [] },
    ...{ time: '2026-01-02T03:04:05.678Z', received: '2026-01-02T03:04:06Z' },
    event: { auditID: `a-${id}`, username: 'ann', sourceIPs: ['192.0.2.1', '192.0.2.2'], verb: 'create' },
    ...{ platform: 'eks', cluster: 'prod', workload: null, attack: [{ technique: 'T1611' }], evidence: 'full' },
    ...{ novelty: { times: 0, since: null }, owner: null },
    ...more,
  };
}

export const sessionShown: Session = {
  ...{ version: '1.2.3', started: '2026-01-02T00:00:00Z', ruleset: '036d035a1037', credential: null },
  ...{ mayWrite: false, writeDenied: null },
  ring: { findings: { held: 2, bytes: 1, maxBytes: 2, oldest: null }, records: null },
} as Session;

export interface Asked {
  path: string;
  query: Record<string, string>;
  headers: IncomingHttpHeaders;
}

export interface FakeConsole {
  url: string;
  asked: Asked[];
  /** The stored findings, oldest first. */
  rows: FindingRow[];
  now: Now | undefined;
  /** Answers with this instead while it is set. */
  refusal: { status: number; type?: string; body?: string } | undefined;
  /** Writes to every open stream. */
  write(text: string): void;
  send(id: string, findings: Partial<StreamFindings>): void;
  /** Resolves when a stream has been opened this many times in total. */
  opened(times: number): Promise<void>;
  /** Resolves when this many requests have been received in total. */
  asks(times: number): Promise<void>;
  /** Ends every stream. */
  end(): void;
  /** Breaks every connection. */
  drop(): void;
  close(): Promise<void>;
}

export async function startFakeConsole(): Promise<FakeConsole> {
  const streams = new Set<ServerResponse>();
  let opened = 0;
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url!, 'http://x');
    const query = Object.fromEntries(searchParams);
    const path = pathname.replace('/console/v1/', '');
    fake.asked.push({ path, query, headers: request.headers });
    const answer = (body: unknown) =>
      response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(body));
    if (fake.refusal !== undefined) {
      const { status, type = 'application/problem+json', body = '{}' } = fake.refusal;
      response.writeHead(status, { 'content-type': type }).end(body);
    } else if (path === 'session') answer(sessionShown);
    else if (path === 'now') answer(fake.now);
    else if (path === 'findings') answer(page(query));
    else if (path === 'stream') {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write(': hello\n\n');
      streams.add(response);
      response.on('close', () => streams.delete(response));
      opened++;
      server.emit('opened');
    } else response.writeHead(404).end();
  });

  function page({ sort, limit, before = '0' }: Record<string, string>): Findings {
    const ordered = sort === '-time' ? fake.rows : fake.rows.toReversed();
    const end = Number(before) + Number(limit);
    const next = end < ordered.length ? String(end) : null;
    return { findings: ordered.slice(Number(before), end), next, total: ordered.length } as unknown as Findings;
  }

  const fake: FakeConsole = {
    url: '',
    asked: [],
    rows: [],
    now: undefined,
    refusal: undefined,
    write(text) {
      for (const stream of streams) stream.write(text);
    },
    send(id, findings) {
      const data = JSON.stringify({ findings: [], omitted: 0, others: 0, isGap: false, ...findings });
      fake.write(`event: findings\nid: ${id}\ndata: ${data}\n\n`);
    },
    async opened(times) {
      while (opened < times) await once(server, 'opened');
    },
    async asks(times) {
      while (fake.asked.length < times) await once(server, 'request');
    },
    end() {
      for (const stream of streams) stream.end();
    },
    drop: () => server.closeAllConnections(),
    async close() {
      fake.drop();
      server.close();
      await once(server, 'close');
    },
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  fake.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return fake;
}
