/**
 * The two files that README.md shows, unchanged, with a real Fluent Bit.
 *
 *   FLUENT_BIT=/path/to/fluent-bit npx vitest run test/e2e/readme.test.ts
 */
import { afterEach, expect, test } from 'vitest';
import { matchingKeys } from './audit-log.ts';
import { fluentBit, stopAll } from './processes.ts';
import { openStage, progress } from './stage.ts';

if (fluentBit === undefined) {
  test.skip('there is no Fluent Bit: set FLUENT_BIT to one of 5.0.6 or later, or put it on PATH as fluent-bit');
} else {
  afterEach(stopAll);

  test('tagged records come back', { timeout: 120_000 }, async () => {
    const stage = await openStage('readme', 'msgpack');
    stage.appendLines(0, 200);
    await progress(stage, () => stage.returned.arrivals.size === 200);
    const matches = [...stage.returned.arrivals].filter(([, [first]]) => first!.verdict === 'match');
    expect(new Set(matches.map(([key]) => key))).toEqual(matchingKeys(200));
    expect(stage.logOf('collector')).not.toMatch(/\[error\]|not registered/);
    await stage.close();
  });
}
