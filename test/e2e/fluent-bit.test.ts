/**
 * A real Fluent Bit, with the shipped files of `fluent-bit/`, loops a generated log through Tripline while something is
 * stopped, killed or reloaded; every byte and time that comes back is compared with what Fluent Bit sent.
 *
 *   FLUENT_BIT=/path/to/fluent-bit npx vitest run test/e2e
 *   E2E_RECORDS=5000 ...   for a quicker look
 */
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { matchingKeys } from './audit-log.ts';
import { type Comparison, compare, exactTime, jsonTime } from './compare.ts';
import type { ForwardReceiver } from './forward-receiver.ts';
import { fluentBit, stopAll } from './processes.ts';
import { type Form, type Format, openStage, progress, quiet, type Stage } from './stage.ts';

const records = Number(process.env.E2E_RECORDS ?? 100_000);
const testTimeoutMilliseconds = 600_000;

interface Scenario {
  name: string;
  form: Form;
  format?: Format;
  /** What happens when a fifth of the log has come back and the rest is on its way. */
  disturb?: (stage: Stage) => Promise<void>;
}

const scenarios: Scenario[] = [
  { name: 'undisturbed', form: 'two processes' },
  { name: 'undisturbed', form: 'two processes', format: 'json' },
  { name: 'undisturbed', form: 'two processes', format: 'json_lines' },
  { name: 'undisturbed', form: 'two processes', format: 'json_stream' },
  { name: 'undisturbed', form: 'two processes, classic' },
  { name: 'undisturbed', form: 'one process' },
  { name: 'undisturbed', form: 'one process, classic' },
  { name: 'undisturbed', form: 'forward' },
  ...(['two processes', 'one process', 'forward'] as const).flatMap((form): Scenario[] => [
    { name: 'Tripline killed, back after 4 s', form, disturb: (stage) => stage.restart('tripline', 'SIGKILL', 4000) },
    {
      name: 'collector stopped, back after 2 s',
      form,
      disturb: (stage) => stage.restart('collector', 'SIGTERM', 2000),
    },
    { name: 'collector killed, back after 2 s', form, disturb: (stage) => stage.restart('collector', 'SIGKILL', 2000) },
    { name: 'collector reloaded', form, disturb: (stage) => stage.reload('collector') },
  ]),
  {
    name: 'forward target down for 8 s',
    form: 'two processes',
    disturb: (stage) => stage.restart('receiver', 'SIGTERM', 8000),
  },
  {
    name: 'forward target down for 8 s',
    form: 'forward',
    disturb: (stage) => stage.restart('receiver', 'SIGTERM', 8000),
  },
  { name: 'forward target reloaded', form: 'two processes', disturb: (stage) => stage.reload('receiver') },
];

const results: string[] = [];

if (fluentBit === undefined) {
  test.skip('there is no Fluent Bit: set FLUENT_BIT to one of 5.0.6 or later, or put it on PATH as fluent-bit');
} else {
  describe(`${records} records`, () => {
    afterEach(stopAll);

    test.for(scenarios.map(({ format = 'msgpack', ...scenario }) => ({ format, ...scenario })))(
      '$form, $format: $name',
      { timeout: testTimeoutMilliseconds },
      async ({ form, format, name, disturb }) => {
        const stage = await openStage(form, format);
        const started = performance.now();
        const fifth = Math.ceil(records / 5);
        stage.appendLines(0, fifth);
        await progress(stage, () => stage.returned.arrivals.size === fifth);
        stage.appendLines(fifth, records);
        // Fluent Bit sends to all outputs at once: it has started now, and Tripline is working.
        await progress(stage, () => stage.sent.arrivals.size > fifth);
        const back = stage.returned.arrivals.size;
        await disturb?.(stage);
        await progress(stage, () => stage.returned.arrivals.size === records && stage.sent.arrivals.size === records);
        const seconds = (performance.now() - started) / 1000;
        await quiet(stage);

        const comparison = compare(
          stage.sent.arrivals,
          stage.returned.arrivals,
          format === 'msgpack' ? exactTime : jsonTime,
        );
        const when = disturb === undefined ? '' : `, with ${back} back`;
        results.push(row(`${form} | ${format} | ${name}${when}`, comparison, stage.retries(), seconds));
        expect(comparison, `the logs are in ${stage.folder}`).toMatchObject({ sent: records, lost: 0, faults: [] });
        expect(keysOf(stage.returned, 'match')).toEqual(matchingKeys(records));
        if (disturb === undefined) {
          const matches = matchingKeys(records).size;
          // The receiver writes its files on a separate flush, and what rewrite_tag emits one flush later still.
          const settled = { timeout: 20_000, interval: 200 };
          await expect.poll(() => stage.linesOf('matches'), settled).toBe(matches);
          if (form.endsWith('classic')) await expect.poll(() => stage.linesOf('all'), settled).toBe(records);
          else await expect.poll(() => stage.linesOf('rest'), settled).toBe(records - matches);
        }
        await stage.close();
      },
    );
  });
}

afterAll(() => {
  if (results.length === 0) return;
  const head = [
    'form | format | what happened | sent | lost | duplicates | retries | seconds | verdicts',
    '---|'.repeat(9),
  ];
  console.log([...head, ...results].map((line) => `| ${line}`).join('\n'));
});

const row = (what: string, { sent, lost, duplicates, verdicts }: Comparison, retries: number, seconds: number) =>
  `${what} | ${sent} | ${lost} | ${duplicates} | ${retries} | ${seconds.toFixed(0)} | ${JSON.stringify(verdicts)} |`;

const keysOf = (receiver: ForwardReceiver, verdict: string) =>
  new Set([...receiver.arrivals].filter(([, [first]]) => first.verdict === verdict).map(([key]) => key));
