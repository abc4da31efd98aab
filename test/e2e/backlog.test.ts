/**
 * A whole log waits for a Tripline that is slower than Fluent Bit reads: nearly all chunks are in flight at once, and most
 * of them would be cut off after http.response_timeout and sent again if they were not refused in time.
 *
 *   FLUENT_BIT=/path/to/fluent-bit npx vitest run test/e2e/backlog.test.ts
 *   E2E_BACKLOG_RECORDS=300000 E2E_BACKLOG_SHARE=0.5 ...   for a longer log, or another share of a processor
 */
import { afterAll, afterEach, expect, test } from 'vitest';
import { compare, exactTime } from './compare.ts';
import { fluentBit, stopAll } from './processes.ts';
import { openStage, progress, quiet } from './stage.ts';

const records = Number(process.env.E2E_BACKLOG_RECORDS ?? 100_000);
const share = Number(process.env.E2E_BACKLOG_SHARE ?? 0.2);

const results: string[] = [];

if (fluentBit === undefined) {
  test.skip('there is no Fluent Bit: set FLUENT_BIT to one of 5.0.6 or later, or put it on PATH as fluent-bit');
} else {
  afterEach(stopAll);

  test(`${records} records wait for a Tripline with ${share} of a processor`, { timeout: 900_000 }, async () => {
    const stage = await openStage('two processes', 'msgpack', { share });
    const started = performance.now();
    stage.appendLines(0, records);
    await progress(stage, () => stage.returned.arrivals.size === records && stage.sent.arrivals.size === records);
    const seconds = (performance.now() - started) / 1000;
    await quiet(stage);

    const comparison = compare(stage.sent.arrivals, stage.returned.arrivals, exactTime);
    const { lost, duplicates } = comparison;
    // While waiting for an answer or while writing: the log lines of the two differ, and this matches both.
    const timeouts = stage.logOf('collector').match(/.* timed out after .*/g) ?? [];
    const refused = stage.retries() - timeouts.length;
    results.push(`${records} | ${lost} | ${duplicates} | ${timeouts.length} | ${refused} | ${seconds.toFixed(0)} |`);
    expect(comparison, `the logs are in ${stage.folder}`).toMatchObject({ sent: records, lost: 0, faults: [] });
    expect(timeouts).toEqual([]);
    expect(duplicates).toBeLessThanOrEqual(records * 0.05);
    await stage.close();
  });
}

afterAll(() => {
  if (results.length === 0) return;
  const head = ['sent | lost | duplicates | timeouts | refused | seconds |', '--:|'.repeat(6)];
  console.log([...head, ...results].map((line) => `| ${line}`).join('\n'));
});
