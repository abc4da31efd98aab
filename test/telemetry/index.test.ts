import { EventEmitter } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import { AggregationTemporality, InstrumentType } from '@opentelemetry/sdk-metrics';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { type Detection, detect } from '../../src/detect.ts';
import { normalize } from '../../src/normalizers/index.ts';
import { loadRules } from '../../src/rules/index.ts';
import {
  countDetections,
  countReceipts,
  countSinkRecords,
  gaugeRules,
  observeThread,
  startRequest,
  startTelemetry,
  type Telemetry,
} from '../../src/telemetry/index.ts';
import { otlpMetricReaders } from '../../src/telemetry/metric-readers.ts';
import { hostPidRules, podEvent } from '../server/app.ts';

const { ruleset } = loadRules({ rules: hostPidRules });
const detectionOf = (record: unknown): Detection => detect(normalize(record), ruleset);
const clear = (stageTimestamp: string) => detectionOf({ ...podEvent({ hostPID: false }), stageTimestamp });
/** As OpenShift logs it. */
const onOpenShift = (stageTimestamp: string) =>
  detectionOf({
    '@timestamp': stageTimestamp,
    openshift: { cluster_id: 'c', sequence: 1 },
    ...podEvent({ hostPID: false }),
    stageTimestamp,
  });

let telemetry: Telemetry;
let before: string;
beforeAll(async () => {
  telemetry = await startTelemetry({}, pino({ level: 'silent' }));
  vi.setSystemTime('2026-01-02T03:10:00Z');
});
beforeEach(async () => {
  before = await telemetry.prometheus();
});
afterAll(async () => {
  vi.useRealTimers();
  await telemetry.shutdown();
});

const valueIn = (page: string, series: string) => {
  const line = page.split('\n').find((one) => one.startsWith(series));
  return line === undefined ? 0 : Number(line.slice(line.lastIndexOf(' ')));
};
/** By how much a series has grown in this test. */
async function grown(...series: string[]): Promise<number[]> {
  const page = await telemetry.prometheus();
  return series.map((one) => valueIn(page, one) - valueIn(before, one));
}

const records = (platform: string, verdict: string) =>
  `tripline_records_total{platform="${platform}",verdict="${verdict}"`;
const lag = (what: 'count' | 'sum', platform = 'kubernetes') =>
  `tripline_event_lag_seconds_${what}{platform="${platform}"`;

test('records are counted by platform and verdict, in whatever order they come', async () => {
  const [one, match, other] = [clear('2026-01-02T03:04:05Z'), detectionOf(podEvent()), detectionOf({ log: 'text' })];
  countDetections([one, match, undefined, one, other, one, match, other, other]);
  expect(
    await grown(records('kubernetes', 'clear'), records('kubernetes', 'match'), records('none', 'not_audit')),
  ).toEqual([3, 2, 3]);
});

test('receipts are counted by Fluent tag', async () => {
  countReceipts('received', 'kube.audit', 5);
  countReceipts('tagged', 'kube.audit', 3);
  countReceipts('unfinished', undefined, 2);
  countSinkRecords('loki', 'acknowledged', 'kube.audit', 3);
  const step = (fluentTag: string, step: string) => `tripline_receipts_total{fluent_tag="${fluentTag}",step="${step}"`;
  expect(
    await grown(
      step('kube.audit', 'received'),
      step('kube.audit', 'tagged'),
      step('untagged', 'unfinished'),
      'tripline_sink_records_total{fluent_tag="kube.audit",sink="loki",result="acknowledged"',
    ),
  ).toEqual([5, 3, 2, 3]);
});

test('findings are counted by mode, and reports with them', async () => {
  const match = detectionOf(podEvent());
  if (match.verdict !== 'match') throw new Error(match.verdict);
  const [finding] = match.findings;
  const report = { ...finding!, time: '', correlation: {} } as unknown as (typeof match.reports)[number];
  countDetections([{ ...match, reports: [report], shadow: [finding!], shadowReports: [report, report] }]);
  const series = (mode: string) => `tripline_findings_total{rule="pod-host-pid",level="medium",mode="${mode}"`;
  expect(await grown(series('live'), series('shadow'))).toEqual([2, 3]);
});

test('the lag of a batch is that of its first event', async () => {
  countDetections([
    detectionOf({ log: 'text' }),
    clear('2026-01-02T03:09:00Z'),
    clear('2026-01-02T03:09:59Z'),
    clear('2026-01-02T03:09:30Z'),
  ]);
  expect(await grown(lag('count'), lag('sum'))).toEqual([1, 60]);
});

test('the lag is that of the first event of each platform whose time is known', async () => {
  const undated = detectionOf({ ...podEvent({ hostPID: false }), stageTimestamp: 'soon' });
  countDetections([
    undated,
    onOpenShift('2026-01-02T03:08:00Z'),
    clear('2026-01-02T03:09:50Z'),
    onOpenShift('2026-01-02T03:09:00Z'),
  ]);
  expect(await grown(lag('count'), lag('sum'), lag('count', 'openshift'), lag('sum', 'openshift'))).toEqual([
    1, 10, 1, 120,
  ]);
});

test('names on the page end in the unit, written out', async () => {
  startRequest({ method: 'POST', protocol: 'http', headers: {} }, '/v1/records').end(200);
  const page = await telemetry.prometheus();
  const units = [...page.matchAll(/^# UNIT (\S+) (\S+)$/gm)].map(([, name, unit]) => [name, unit]);
  expect(Object.fromEntries(units)).toMatchObject({
    tripline_batch_duration_seconds: 'seconds',
    tripline_event_lag_seconds: 'seconds',
    process_cpu_time_seconds_total: 'seconds',
    process_memory_usage_bytes: 'bytes',
  });
  for (const [name, unit] of units) expect(name!.replace(/_total$/, '')).toMatch(new RegExp(`_${unit}$`));
  expect(page).toContain('tripline_batch_duration_seconds_count{http_response_status_code="200"');
});

test('a rule set that was replaced leaves no series', async () => {
  const rulesets = async () => [
    ...(await telemetry.prometheus()).matchAll(/^tripline_rules\{ruleset="(\w+)".* (\d+)$/gm),
  ];
  const of = (hash: string) => ({ hash, rules: ruleset.rules, correlations: ruleset.correlations });
  gaugeRules(of('first'));
  expect((await rulesets()).map(([, ...one]) => one)).toEqual([['first', '2']]);
  gaugeRules(of('second'));
  for (let scrape = 0; scrape < 2; scrape++) {
    expect((await rulesets()).map(([, ...one]) => one)).toEqual([['second', '2']]);
  }
});

test('nor does it over OTLP, even if the environment chooses the temporality of the other metrics', async () => {
  vi.stubEnv('OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE', 'delta');
  for (const protocol of ['http/json', 'http/protobuf', 'grpc']) {
    const [reader] = await otlpMetricReaders({
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1',
      OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
    });
    const temporality = (type: InstrumentType) => reader!.selectAggregationTemporality(type);
    expect(temporality(InstrumentType.OBSERVABLE_GAUGE)).toBe(AggregationTemporality.DELTA);
    expect(temporality(InstrumentType.COUNTER)).toBe(AggregationTemporality.DELTA);
    expect(temporality(InstrumentType.OBSERVABLE_UP_DOWN_COUNTER)).toBe(AggregationTemporality.CUMULATIVE);
  }
  vi.unstubAllEnvs();
});

test('the page shows the versions of Tripline and Node', async () => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
  const page = await telemetry.prometheus();
  expect(valueIn(page, `tripline_build_info{version="${version}",node_version="${process.versions.node}"`)).toBe(1);
  expect(page).toMatch(new RegExp(`^target_info\\{.*service_version="${version}"`, 'm'));
});

test('the process is measured', async () => {
  const page = await telemetry.prometheus();
  const value = (series: string) => valueIn(page, series);
  expect(value('process_cpu_time_seconds_total{cpu_mode="user"')).toBeGreaterThan(0);
  // The system may count in steps of some milliseconds.
  expect(value('process_cpu_time_seconds_total{cpu_mode="user"')).toBeLessThanOrEqual(process.cpuUsage().user / 1e6);
  expect(value('process_memory_usage_bytes')).toBeGreaterThan(1e7);
  const heap = value('v8js_memory_heap_used_bytes{thread_name="main"');
  expect(heap).toBeGreaterThan(1e6);
  expect(value('v8js_memory_heap_limit_bytes{thread_name="main"')).toBeGreaterThan(heap);
  expect(
    value('nodejs_eventloop_time_seconds_total{thread_name="main",nodejs_eventloop_state="active"'),
  ).toBeGreaterThan(0);
  for (const one of ['p99', 'max']) expect(page).toMatch(new RegExp(`^nodejs_eventloop_delay_${one}_seconds\\{`, 'm'));
});

test('a thread that does not answer holds up no page, and one that has ended is not asked', async () => {
  const busy = new EventEmitter() as unknown as Worker;
  let asked = 0;
  Object.assign(busy, {
    performance: { eventLoopUtilization: () => ({ active: 3000, idle: 1000, utilization: 0.75 }) },
    getHeapStatistics() {
      asked++;
      return new Promise(() => {});
    },
  });
  observeThread('busy', busy);
  const page = await telemetry.prometheus();
  const time = 'nodejs_eventloop_time_seconds_total{thread_name="busy",nodejs_eventloop_state="active"';
  expect(valueIn(page, time)).toBe(3);
  expect(page).not.toContain('v8js_memory_heap_used_bytes{thread_name="busy"');
  busy.emit('exit', 0);
  await telemetry.prometheus();
  expect(asked).toBe(1);
});

test('a blocked event loop shows, once', async () => {
  await telemetry.prometheus();
  // Long enough for a sample before.
  await sleep(100);
  const end = performance.now() + 300;
  while (performance.now() < end);
  await sleep(100);
  const longest = async () => valueIn(await telemetry.prometheus(), 'nodejs_eventloop_delay_max_seconds{');
  expect(await longest()).toBeGreaterThan(0.2);
  expect(await longest()).toBeLessThan(0.2);
});
