/** How far a plan has progressed, and how long the rest will take. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { unitsProgress } from '../../src/command-line/progress.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }));
afterEach(() => void vi.useRealTimers());

function output(columns: number | undefined) {
  const written: string[] = [];
  const write = async (text: string | Uint8Array) => void written.push(String(text));
  return { written, columns, rows: undefined, hasColors: false, write };
}

test('on a terminal one line is overwritten, with the time left once it can be estimated', async () => {
  const stderr = output(80);
  const progress = unitsProgress({ bytes: 1000, units: 8 }, stderr);
  await progress.show(1, 0);
  expect(stderr.written).toEqual([]);
  vi.advanceTimersByTime(1001);
  await progress.show(10, 0);
  vi.advanceTimersByTime(59_000);
  await progress.show(100, 1);
  await progress.show(101, 1);
  vi.advanceTimersByTime(200_000);
  await progress.show(990, 7);
  await progress.hide();
  expect(stderr.written.map((text) => text.replace('\r\x1b[K', ''))).toEqual([
    '1 %, 0 of 8 units',
    '10 %, 1 of 8 units, 9 min left',
    '99 %, 7 of 8 units, less than a minute left',
    '',
  ]);
});

test('elsewhere a line is written every minute', async () => {
  const stderr = output(undefined);
  const progress = unitsProgress({ bytes: 1000, units: 8 }, stderr);
  for (let seconds = 0; seconds < 150; seconds++) {
    await progress.show(seconds, 1);
    vi.advanceTimersByTime(1000);
  }
  await progress.hide();
  expect(stderr.written).toEqual(['6 %, 1 of 8 units, 16 min left\n', '12 %, 1 of 8 units, 15 min left\n']);
});
