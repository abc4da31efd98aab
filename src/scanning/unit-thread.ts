/** The thread that scans units of a plan, one after another, as it receives them. */
import { parentPort, workerData } from 'node:worker_threads';
import { loadRules } from '../rules/index.ts';
import { failureOf } from '../server/thread-messages.ts';
import type { UnitNews, UnitStart } from './run-units.ts';
import { scanUnit } from './unit.ts';

/** How often it reports progress. */
const NEWS_MILLISECONDS = 200;

const start = workerData as UnitStart;
const tell = (news: UnitNews) => parentPort!.postMessage(news);
// The same rules as those of the plan: any change since then is detected before the thread is started.
const { ruleset } = loadRules(start.config);

parentPort!.on('message', (unit: number) => {
  let next = 0;
  const onBytes = (bytes: number) => {
    const now = performance.now();
    if (now < next) return;
    next = now + NEWS_MILLISECONDS;
    tell({ kind: 'bytes', unit, bytes });
  };
  const scanned =
    ruleset.hash === start.plan.rules ? scanUnit(unit, { ...start, ruleset, onBytes }) : Promise.reject(changed());
  scanned.then(
    () => tell({ kind: 'done', unit }),
    (error) => tell({ kind: 'failed', unit, failure: failureOf(error) }),
  );
});

function changed(): Error {
  return new Error('the rules were changed while the units were scanned');
}
