/**
 * Files that are rotated while Fluent Bit reads, is stopped or reloads: no line is lost, and what is read again is what
 * fluent-bit/README.md says.
 *
 *   FLUENT_BIT=/path/to/fluent-bit npx vitest run test/e2e/rotation.test.ts
 */
import { afterEach, describe, expect, test } from 'vitest';
import { type Comparison, compare, exactTime } from './compare.ts';
import { fluentBit, stopAll } from './processes.ts';
import { type Form, openStage, progress, quiet, type Stage } from './stage.ts';

const forms: Form[] = ['two processes', 'two processes, classic', 'one process', 'pod'];
/** Lines of each file. */
const share = 1000;

if (fluentBit === undefined) {
  test.skip('there is no Fluent Bit: set FLUENT_BIT to one of 5.0.6 or later, or put it on PATH as fluent-bit');
} else {
  describe.each(forms)('%s', (form) => {
    afterEach(stopAll);
    const limit = { timeout: 240_000 };

    test('what was appended and rotated while no Fluent Bit ran is read', limit, async () => {
      const stage = await openStage(form, 'msgpack');
      await write(stage, 0, share);
      await stage.restart('collector', 'SIGTERM', 0, () => {
        stage.appendLines(share, share + 10);
        stage.rotate();
        stage.appendLines(share + 10, share + 20);
      });
      const { lost } = await arrived(stage, share + 20);
      expect(lost).toBe(0);
      await stage.close();
    });

    test(
      'three rotated files, then a reload: nothing is lost, and these files alone are read again',
      limit,
      async () => {
        const stage = await openStage(form, 'msgpack');
        for (let file = 0; file < 3; file++) {
          await write(stage, file * share, (file + 1) * share);
          stage.rotate();
        }
        await write(stage, 3 * share, 4 * share);
        await stage.reload('collector');
        stage.appendLines(4 * share, 4 * share + 10);
        const { lost, duplicates } = await arrived(stage, 4 * share + 10);
        expect({ lost, duplicates }).toEqual({ lost: 0, duplicates: 3 * share });
        await stage.close();
      },
    );

    test('three rotated files, then a kill: nothing is lost', limit, async () => {
      const stage = await openStage(form, 'msgpack');
      for (let file = 0; file < 3; file++) {
        await write(stage, file * share, (file + 1) * share);
        stage.rotate();
      }
      await stage.restart('collector', 'SIGKILL', 500);
      stage.appendLines(3 * share, 3 * share + 10);
      // Repeated records are those that the collector had not yet noted as arrived.
      const { lost } = await arrived(stage, 3 * share + 10);
      expect(lost).toBe(0);
      await stage.close();
    });
  });
}

/** Appends lines, and waits until they are back. */
async function write(stage: Stage, from: number, to: number): Promise<void> {
  stage.appendLines(from, to);
  await progress(stage, () => stage.returned.arrivals.size === to);
  expect(stage.returned.arrivals.size, `the logs are in ${stage.folder}`).toBe(to);
}

async function arrived(stage: Stage, lines: number): Promise<Comparison> {
  await progress(stage, () => stage.returned.arrivals.size === lines && stage.sent.arrivals.size === lines);
  await quiet(stage);
  const comparison = compare(stage.sent.arrivals, stage.returned.arrivals, exactTime);
  expect(comparison, `the logs are in ${stage.folder}`).toMatchObject({ sent: lines, faults: [] });
  return comparison;
}
