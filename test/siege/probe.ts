/** Requests /healthz repeatedly, in a thread of its own, so that the attack does not delay it. */
import { request } from 'node:http';
import { parentPort, workerData } from 'node:worker_threads';
import { waitedOf } from './usage.ts';

const { url, pid } = workerData as { url: string; pid: number };
const PAUSE_MILLISECONDS = 50;

/** Seconds that the threads which answer and ask waited in the scheduler's queue: caused by other programs, and not silence. */
const waited = () => waitedOf(pid, pid) + waitedOf(process.pid, undefined);

function ask(): Promise<void> {
  return new Promise((resolve) => {
    const asked = request(`${url}/healthz`, { agent: false }, (answer) => answer.resume().once('close', resolve));
    asked.once('error', () => resolve());
    asked.end();
  });
}

let longest = 0;
parentPort!.once('message', () => {
  parentPort!.postMessage(longest);
  process.exit();
});
for (;;) {
  const before = performance.now() / 1000 - waited();
  const waiting = setInterval(() => (longest = Math.max(longest, performance.now() / 1000 - waited() - before)), 200);
  await ask();
  clearInterval(waiting);
  longest = Math.max(longest, performance.now() / 1000 - waited() - before);
  await new Promise((resolve) => setTimeout(resolve, PAUSE_MILLISECONDS));
}
