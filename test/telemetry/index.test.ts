import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { type Detection, detect } from '../../src/detect.ts';
import { normalize } from '../../src/normalizers/index.ts';
import { loadRules } from '../../src/rules/index.ts';
import { countDetections, startTelemetry, type Telemetry } from '../../src/telemetry/index.ts';
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
const lag = (what: 'count' | 'sum', platform = 'kubernetes') => `tripline_event_lag_${what}{platform="${platform}"`;

test('records are counted by platform and verdict, in whatever order they come', async () => {
  const [one, match, other] = [clear('2026-01-02T03:04:05Z'), detectionOf(podEvent()), detectionOf({ log: 'text' })];
  countDetections([one, match, undefined, one, other, one, match, other, other]);
  expect(
    await grown(records('kubernetes', 'clear'), records('kubernetes', 'match'), records('none', 'not_audit')),
  ).toEqual([3, 2, 3]);
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
