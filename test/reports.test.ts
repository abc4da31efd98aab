/** A report is about records other than the one that carries it: it counts wherever findings count, and is never mistaken
 * for something about its record. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Attributes, type Span, trace } from '@opentelemetry/api';
import { afterEach, expect, test } from 'vitest';
import { lines } from './commands/files.ts';
import { run, workFolder } from './commands/run.ts';
import { podEvent, type TestServer, testServer } from './server/app.ts';

const rules = `
title: Got
name: got
logsource: { product: kubernetes, service: audit }
detection: { s: { verb: get }, condition: s }
---
title: Deleted
name: deleted
level: low
logsource: { product: kubernetes, service: audit }
detection: { s: { verb: delete }, condition: s }
---
title: Few
name: few
level: high
correlation: { type: event_count, rules: [got], group-by: [username], timespan: 1m, condition: { lt: 3 } }
tripline: { summary: '[{username}] got little', context: [username, sourceIPs] }
`;
const folder = workFolder();
const path = join(folder, 'few.yml');
writeFileSync(path, rules);

const at = (time: string, username: string, verb: string) => ({
  ...podEvent({ auditID: `${username} ${verb}`, hostPID: false }),
  verb,
  user: { username },
  requestReceivedTimestamp: `2026-01-02T${time}Z`,
  stageTimestamp: `2026-01-02T${time}Z`,
});
const before = at('03:00:00', 'ann', 'get');
const carrier = at('03:10:00', 'innocent', 'watch');

let server: TestServer;
afterEach(() => server?.app.close());

async function post(query: string, records: unknown[] = [before, carrier], headers: Record<string, string> = {}) {
  return server.app.inject({
    method: 'POST',
    url: `/v1/records${query}`,
    headers: { 'content-type': 'application/json', ...headers },
    payload: JSON.stringify(records),
  });
}

test('in a tag it is the only member about other records, except the one for routing', async () => {
  server = testServer({}, { rules: [path] });
  const [first, { tripline }] = (await post('')).json();
  expect(first.tripline.verdict).toBe('clear');
  const { reports, routeLevel, ...others } = tripline;
  expect(others).toEqual({ v: 2, verdict: 'clear', platform: 'kubernetes', ruleset: expect.any(String) });
  expect(routeLevel).toBe('high');
  expect(reports).toMatchObject([
    { rule: 'few', level: 'high', summary: '[ann] got little', time: '2026-01-02T03:01:00.000Z' },
  ]);
  expect(reports[0]).not.toHaveProperty('event');
  expect(reports[0]).not.toHaveProperty('matched');
});

test('does not change the level of the findings of the record itself', async () => {
  server = testServer({}, { rules: [path] });
  const [, { tripline }] = (await post('', [before, { ...carrier, verb: 'delete' }])).json();
  expect(tripline).toMatchObject({
    verdict: 'match',
    level: 'low',
    rules: ['deleted'],
    attack: [],
    routeLevel: 'high',
    event: { username: 'innocent' },
    findings: [{ rule: 'deleted', level: 'low' }],
    reports: [{ rule: 'few' }],
  });
});

test('is on a clear record beside the requested members of the event', async () => {
  server = testServer({ clearEventFields: ['username', 'time'] }, { rules: [path] });
  const [, { tripline }] = (await post('')).json();
  expect(tripline).toMatchObject({
    verdict: 'clear',
    event: { username: 'innocent', time: '2026-01-02T03:10:00Z' },
    reports: [{ rule: 'few' }],
  });
});

test('counts in replies', async () => {
  server = testServer({}, { rules: [path] });
  expect((await post('?reply=matches')).json()).toMatchObject([{ auditID: 'innocent watch' }]);
  expect((await post('?reply=summary')).json()).toEqual({
    records: 2,
    verdicts: { match: 0, indeterminate: 0, error: 0, clear: 2, not_audit: 0 },
    rules: { few: 1 },
  });
  const avro = await post('?reply=matches', undefined, { accept: 'application/vnd.apache.avro' });
  expect(avro.rawPayload.includes('[ann] got little')).toBe(true);
});

test('counts in a scan', async () => {
  const input = join(folder, 'input');
  writeFileSync(input, lines(before, carrier));
  const scan = (...more: string[]) => run(['scan', input, '--rules', path, ...more]);
  const { status, stdout, stderr } = await scan('--show', 'findings');
  expect(JSON.parse(stdout)).toMatchObject({ record: 2, kind: 'report', mode: 'live', rule: 'few' });
  expect(stderr).toContain('1 reports about others');
  expect(status).toBe(1);
  expect(JSON.parse((await scan('--show', 'summary')).stdout)).toMatchObject({ rule: 'few', findings: 1 });
});

test('has a span without the attributes of the event that carries it', async () => {
  const spans: { name: string; attributes: Attributes; spanId: string }[] = [];
  const start = (name: string, { attributes = {} }: { attributes?: Attributes } = {}) => {
    const spanId = String(spans.length + 1).padStart(16, '0');
    spans.push({ name, attributes, spanId });
    const span = { isRecording: () => true, spanContext: () => ({ traceId: '1'.repeat(32), spanId, traceFlags: 1 }) };
    const setAttributes = (more: Attributes) => Object.assign(attributes, more);
    return { ...span, end() {}, setAttributes, setAttribute() {}, setStatus() {} } as unknown as Span;
  };
  const startActiveSpan = (name: string, run: (span: Span) => unknown) => run(start(name));
  trace.setGlobalTracerProvider({ getTracer: () => ({ startSpan: start, startActiveSpan }) as never });
  try {
    server = testServer({}, { rules: [path] });
    const [, { tripline }] = (await post('')).json();
    const [span, ...others] = spans.filter(({ name }) => /^(finding|report) /.test(name));
    expect(others).toEqual([]);
    expect(span).toMatchObject({
      name: 'report few',
      attributes: {
        'security_rule.name': 'few',
        'tripline.finding.id': tripline.reports[0].id,
        'tripline.correlation.group': ['username=ann'],
      },
    });
    expect(tripline.trace.spanId).toBe(span!.spanId);
    expect(JSON.stringify(span!.attributes)).not.toMatch(/innocent|watch|kubectl/);
    expect(
      Object.entries(span!.attributes).filter(([key, value]) => value !== undefined && /^(user|client|k8s)/.test(key)),
    ).toEqual([]);
  } finally {
    trace.disable();
  }
});
