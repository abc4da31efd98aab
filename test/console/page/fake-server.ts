/** A sidecar as the page sees it: its files, and an API that answers with fixtures.
 * `node test/console/page/fake-server.ts` serves it on 127.0.0.1:9871, to look at. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { bundlePage, readPage } from '../../../scripts/console-page.ts';
import type { FindingRow, Findings, StreamFindings } from '../../../src/console/api.ts';
import { at, hostileRows, nowOf, pageOf, rowOf, rowsOf, rules, session, tuneOf, whyNot } from './fixtures.ts';

const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; " +
  "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

export interface FakeState {
  rows: FindingRow[];
  /** What the API does: never answer, 503, or 401 without a credential. */
  mode: 'answers' | 'hangs' | 'fails' | 'asks';
}

export interface FakeServer {
  url: string;
  state: FakeState;
  /** Sends findings to all clients that follow the stream. */
  send(rows: readonly FindingRow[]): void;
  /** Ends all streams, and refuses new ones while `isDown`. */
  drop(isDown: boolean): void;
  close(): Promise<void>;
}

export function ordinaryRows(): FindingRow[] {
  return [...hostileRows, ...rowsOf(42)];
}

export async function startFakeServer(port = 0): Promise<FakeServer> {
  const files = await readPage(await bundlePage());
  const state: FakeState = { rows: ordinaryRows(), mode: 'answers' };
  const streams = new Set<ServerResponse>();
  let isDown = false;

  const server = createServer((request, reply) => {
    const url = new URL(request.url!, 'http://fake');
    reply.setHeader('content-security-policy', policy);
    reply.setHeader('x-content-type-options', 'nosniff');
    reply.setHeader('referrer-policy', 'no-referrer');
    if (url.pathname.startsWith('/console/v1/')) return void answer(url, request, reply);
    const name = url.pathname.startsWith('/assets/') ? url.pathname.slice(1) : 'index.html';
    const file = files.get(name);
    reply.writeHead(file === undefined ? 404 : 200, { 'content-type': file?.type ?? 'text/plain' }).end(file?.body);
  });

  const refuse = (reply: ServerResponse, status: number, code: string, detail: string, remedy = '') =>
    reply
      .writeHead(status, {
        'content-type': 'application/problem+json',
        ...(status === 401 ? { 'www-authenticate': 'Basic realm="tripline", Bearer' } : {}),
      })
      .end(JSON.stringify({ type: 'about:blank', title: code, status, detail, code, remedy }));

  async function answer(url: URL, request: IncomingMessage, reply: ServerResponse): Promise<void> {
    const send = (value: unknown) =>
      void reply
        .writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' })
        .end(JSON.stringify(value));
    const path = url.pathname.slice('/console/v1/'.length);
    const body = await read(request);
    if (state.mode === 'hangs') return;
    if (state.mode === 'asks' && request.headers.authorization !== 'Bearer letmein') {
      return void refuse(reply, 401, 'request.unauthorized', 'nothing that was presented is a credential');
    }
    if (path === 'stream') {
      if (isDown || state.mode === 'fails') return void request.socket.destroy();
      reply.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' }).write(': open\n\n');
      streams.add(reply);
      return void reply.on('close', () => streams.delete(reply));
    }
    if (state.mode === 'fails')
      return void refuse(reply, 503, 'server.draining', 'the sidecar stops', 'Its last words are on stderr.');
    if (path === 'session') return send(session);
    if (path === 'now') return send(nowOf(state.rows, state.rows.length === 0));
    if (path === 'findings') return send(select(state.rows, url.searchParams));
    if (path === 'rules' || path === 'rules/cost') {
      const cost = path === 'rules' ? null : { records: 1200, at: new Date(at).toISOString() };
      return send({ rules: rules.map((rule, index) => ({ ...rule, costMicros: cost && index / 7 })), cost });
    }
    if (path === 'why-not') {
      const id = url.searchParams.get('auditID');
      if (id !== null && state.rows.every(({ event }) => event?.auditID !== id)) {
        return void refuse(reply, 404, 'console.gone', 'no record with this audit id is kept');
      }
      return send(whyNot());
    }
    const wanted = path === 'tune' ? JSON.parse(body).finding : decodeURIComponent(path.replace('findings/', ''));
    const row = state.rows.find(({ id }) => id === wanted);
    if (row === undefined) return void refuse(reply, 404, 'console.gone', 'no such finding is kept');
    send(path === 'tune' ? tuneOf(row, JSON.parse(body).by, state.rows) : pageOf(row, state.rows));
  }

  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    state,
    send(rows) {
      state.rows = [...rows, ...state.rows];
      const data: StreamFindings = { findings: [...rows], omitted: 0, others: 0, isGap: false };
      for (const stream of streams)
        stream.write(`id: ${rows[0]!.id}\nevent: findings\ndata: ${JSON.stringify(data)}\n\n`);
    },
    drop(down) {
      isDown = down;
      for (const stream of streams) stream.destroy();
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function read(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const piece of request) body += piece;
  return body;
}

const facets = ['level', 'platform', 'mode', 'rule', 'seen'] as const;
const levels = ['critical', 'high', 'medium', 'low', 'informational'];
const facetOf = (row: FindingRow, facet: (typeof facets)[number]) =>
  facet === 'seen' ? (row.novelty?.times === 0 ? 'new' : 'before') : String(row[facet]);

/** Filters as the API does, except for search words: here each is looked for in the summary. */
function select(rows: readonly FindingRow[], query: URLSearchParams): Findings {
  const words = (query.get('q') ?? '').split(/\s+/).filter(Boolean);
  const fits = (row: FindingRow, except?: string) =>
    facets.every(
      (facet) => facet === except || !query.get(facet) || query.get(facet)!.split(',').includes(facetOf(row, facet)),
    ) &&
    words.every(
      (word) => row.summary.includes(word.replace(/^-?\w+:/, '').replaceAll(/["*]/g, '')) !== word.startsWith('-'),
    ) &&
    (!query.get('from') || row.time! >= query.get('from')!) &&
    (!query.get('to') || row.time! < query.get('to')!);
  const found = rows.filter((row) => fits(row));
  if (query.get('sort') === 'level') found.sort((a, b) => levels.indexOf(a.level) - levels.indexOf(b.level));
  const from = Number(query.get('before') ?? 0);
  const to = from + Number(query.get('limit') ?? 200);
  const times = found.map(({ time }) => Date.parse(time!));
  const [start, end] = [Math.min(at - 3600_000, ...times), at];
  const counts: Findings['bins']['counts'] = {};
  for (const row of found) {
    const list = (counts[row.level] ??= Array.from({ length: 60 }, () => 0));
    list[Math.min(59, Math.floor(((Date.parse(row.time!) - start) / (end - start)) * 60))]!++;
  }
  return {
    findings: found.slice(from, to),
    next: to < found.length ? String(to) : null,
    total: found.length,
    facets: Object.fromEntries(
      facets.map((facet) => [
        facet,
        countBy(
          rows.filter((row) => fits(row, facet)),
          facet,
        ),
      ]),
    ) as Findings['facets'],
    bins: { from: new Date(start).toISOString(), to: new Date(end).toISOString(), counts },
  };
}

function countBy(rows: readonly FindingRow[], facet: (typeof facets)[number]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const row of rows) counts[facetOf(row, facet)] = (counts[facetOf(row, facet)] ?? 0) + 1;
  return counts;
}

if (import.meta.main) {
  const fake = await startFakeServer(Number(process.env.PORT ?? 9871));
  console.log(fake.url);
  let sent = 0;
  setInterval(() => fake.send([{ ...rowOf(20000 + sent++), time: new Date().toISOString() }]), 5000);
}
