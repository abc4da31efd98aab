/** charts/tripline/dashboards/operations.json: the query of each panel, run on a Prometheus that scrapes a Tripline to which
 * everything has happened that a panel shows. PROMETHEUS names the program. */
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { freePorts, type Running, startProcess } from '../e2e/processes.ts';
import { hostPidRules, podEvent } from '../server/app.ts';
import { type SidecarProcess, startSidecar } from '../sidecar.ts';
import { root } from './snippets.ts';

const program = process.env.PROMETHEUS;

type Row = Record<string, any>;
const panels = (
  JSON.parse(readFileSync(join(root, 'charts/tripline/dashboards/operations.json'), 'utf8')).panels as Row[]
).filter(({ type }) => type !== 'row');
const queries = panels.flatMap(({ title, targets }) =>
  targets.map(({ refId, ...target }: Row) => ({ panel: title, refId, target })),
);

const rules = `title: Secret Read
name: secret-get
logsource: { product: kubernetes, service: audit }
detection:
  read: { verb: get, resource: secrets }
  condition: read
---
title: Many Secrets
name: many-secrets
correlation: { type: value_sum, rules: [secret-get], group-by: [username], timespan: 30m, condition: { field: responseStatus.code, gte: 1e9 } }
level: high
---
title: Any Pod
name: any-pod
logsource: { product: kubernetes, service: audit }
detection:
  pod: { verb: create, resource: pods }
  condition: pod
level: low
`;
const exception = `title: Debugging by eve
name: eve
id: 5f1c4f7e-5a0f-4a1c-9d0a-1d2f3b4c5d6e
logsource: { product: kubernetes, service: audit }
filter:
  rules: [pod-host-pid]
  eve: { username|cased: eve }
  condition: not eve
`;

/** Panels without data until some minutes after the start: whether the state was written, and which sources are regular. */
const later = new Set(['State unwritten', 'Since a source was heard']);

describe.skipIf(!program)(`Prometheus (PROMETHEUS is ${program ? 'set' : 'not set'})`, { timeout: 60_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'tripline-operations-'));
  const at = (name: string) => join(folder, name);
  let tripline: SidecarProcess;
  let prometheus: Running;
  let url: string;
  const refusing = createServer((request, response) => {
    request.resume().on('end', () => response.writeHead(400).end());
  });

  const send = async (body: unknown, tag = 'kube.audit') => {
    const headers = { 'content-type': 'application/json', 'x-fluent-tag': tag };
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    return (await fetch(`${tripline.url}/v1/records?reply=none`, { method: 'POST', headers, body: text })).status;
  };
  const ask = async (path: string, asked: Record<string, string | number>) => {
    const search = new URLSearchParams(Object.entries(asked).map(([name, value]) => [name, `${value}`]));
    const response = await fetch(`${url}/api/v1/${path}?${search}`);
    const { status, error, data } = (await response.json()) as any;
    expect({ status, error, asked }).toEqual({ status: 'success', error: undefined, asked });
    return data.result as Row[];
  };

  beforeAll(async () => {
    await once(refusing.listen(0, '127.0.0.1'), 'listening');
    const [port, dead] = await freePorts(2);
    for (const name of ['rules', 'exceptions']) mkdirSync(at(name));
    writeFileSync(at('rules/own.yml'), rules);
    writeFileSync(at('exceptions/eve.yml'), exception);
    const http = (name: string, to: number) => ({
      ...{ type: 'http', name, url: `http://127.0.0.1:${to}/`, spool: { path: at(name) } },
    });
    writeFileSync(
      at('tripline.yaml'),
      stringify({
        rules: [...hostPidRules, at('rules')],
        exceptions: [at('exceptions')],
        overrides: { 'any-pod': { mode: 'shadow' } },
        state: { path: at('state') },
        sinks: [
          { type: 'ndjson', path: at('files') },
          http('down', dead!),
          http('refusing', (refusing.address() as AddressInfo).port),
          // Records that would loop are withheld, so nothing is ever sent.
          { type: 'forward', host: '127.0.0.1', port: dead, records: { fluentTags: ['tripline.*'] } },
        ],
      }),
    );
    tripline = await startSidecar(['--config', at('tripline.yaml')]);
    writeFileSync(
      at('prometheus.yaml'),
      stringify({
        global: { scrape_interval: '1s' },
        scrape_configs: [{ job_name: 'tripline', static_configs: [{ targets: [new URL(tripline.url).host] }] }],
      }),
    );
    url = `http://127.0.0.1:${port}`;
    const args = [`--config.file=${at('prometheus.yaml')}`, `--storage.tsdb.path=${at('tsdb')}`];
    prometheus = startProcess(program!, [...args, `--web.listen-address=127.0.0.1:${port}`], at('prometheus.log'));

    const { requestObject: _, ...unlogged } = { ...podEvent({ auditID: 'b' }), level: 'Metadata' } as Row;
    const secretAt = (time: string, auditID: string) => ({
      ...podEvent({ auditID, hostPID: false }),
      ...{ verb: 'get', objectRef: { resource: 'secrets', namespace: 'shop', name: `s-${auditID.length % 2}` } },
      ...{ requestReceivedTimestamp: time, stageTimestamp: time },
    });
    expect(await send([podEvent(), unlogged, { log: 'text' }, podEvent({ hostPID: false, auditID: 'c' })])).toBe(204);
    expect(await send([{ ...podEvent({ auditID: 'd' }), user: { username: 'eve' } }])).toBe(204);
    // More than a window keeps, and one from long before it.
    const flood = Array.from({ length: 1500 }, (_, n) => secretAt('2026-01-02T03:10:00.000001Z', `f-${n}`));
    expect(await send(flood)).toBe(204);
    expect(await send([secretAt('2026-01-01T03:10:00.000001Z', 'late')])).toBe(204);
    expect(await send([podEvent({ auditID: 'e' })], 'tripline.kube.audit')).toBe(204);
    expect(await send('{"cut')).toBe(400);
    writeFileSync(at('rules/own.yml'), `${rules}# changed\n`);
    // So that each has a rate.
    for (let second = 0; second < 12; second++) {
      await sleep(1000);
      expect(await send([podEvent({ auditID: `g-${second}` }), unlogged])).toBe(204);
    }
  }, 60_000);

  afterAll(async () => {
    await prometheus?.stop('SIGTERM');
    await tripline?.stop();
    refusing.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** As Grafana does for a dashboard of the last minutes, with everything selected. */
  const expand = (expr: string) =>
    expr
      .replaceAll(/\$job|\$instance/g, '.+')
      .replaceAll('$__rate_interval', '4s')
      .replaceAll('$__range', '60s')
      // The alert of that name looks back for longer than this test takes.
      .replaceAll('offset 10m', 'offset 2s');

  it.each(queries)('$panel $refId', async ({ panel, target }) => {
    const query = expand(target.expr);
    const end = Date.now() / 1000;
    const result = target.instant
      ? await ask('query', { query, time: end })
      : await ask('query_range', { query, start: end - 20, end, step: 1 });
    const numbers = result.flatMap(({ value, values = [value] }) => values.map(([, text]: [number, string]) => +text));
    if (!later.has(panel)) expect(numbers.filter(Number.isFinite).length).toBeGreaterThan(0);
    const legend: string[] = [...(target.legendFormat ?? '').matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label);
    for (const { metric } of result) expect(Object.keys(metric)).toEqual(expect.arrayContaining(legend));
  });

  it('shows the planted finding, whose counter begins with it', async () => {
    const rowsOf = async (title: string) => {
      const { target } = queries.find(({ panel }) => panel === title)!;
      const result = await ask('query', { query: expand(target.expr), time: Date.now() / 1000 });
      return result.map(({ metric, value }) => ({ ...metric, number: Number(value[1]) }));
    };
    const found = await rowsOf('Findings by rule');
    const planted = found.find(({ rule }) => rule === 'pod-host-pid')!;
    expect(planted.level).toBe('medium');
    expect(planted.number).toBeGreaterThan(10);
    expect(await rowsOf('Silenced by exception')).toEqual([{ exception: 'eve', rule: 'pod-host-pid', number: 1 }]);
    expect((await rowsOf('Shadow findings by rule'))[0]).toMatchObject({ rule: 'any-pod', level: 'low' });
  });
});
