/** V8 cannot be asked for its flags: their effect is observed in a process that has set them. */
import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';

const heap = JSON.stringify(new URL('../src/heap.ts', import.meta.url));

/** Bytes of the space for young objects after many have been created, some of which survive. */
const room = `
  import { getHeapSpaceStatistics } from 'node:v8';
  let kept = [];
  for (let i = 0; i < 2e6; i++) {
    kept.push({ i });
    if (kept.length > 100_000) kept = [];
  }
  const { space_size } = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space');`;

function sizesIn(script: string): number[] {
  const args = ['--input-type=module', '--eval', script];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' }));
}

test('the space for young objects stays small, and that of a thread is as large as set', () => {
  const thread = `data:text/javascript,${encodeURIComponent(`${room}
    import { parentPort } from 'node:worker_threads';
    parentPort.postMessage(space_size);`)}`;
  const [main, other] = sizesIn(`
    import { once } from 'node:events';
    import { Worker } from 'node:worker_threads';
    import { keepYoungObjectsFew, processingHeap } from ${heap};
    keepYoungObjectsFew();${room}
    const worker = new Worker(new URL(${JSON.stringify(thread)}), { resourceLimits: processingHeap() });
    const [other] = await once(worker, 'message');
    console.log(JSON.stringify([space_size, other]));`);
  expect(main).toBeLessThan(4 * 1024 * 1024);
  expect(other).toBeGreaterThan(7 * 1024 * 1024);
});

test('without these flags it grows', () => {
  const [main] = sizesIn(`${room} console.log(JSON.stringify([space_size]));`);
  expect(main).toBeGreaterThan(8 * 1024 * 1024);
});
