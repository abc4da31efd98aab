/** How the heaps of the process grow. */
import { flushCompileCache } from 'node:module';
import { setFlagsFromString } from 'node:v8';

/** Keeps what is made of a record among the young objects. All of a batch is alive when the first collections come, whence
 * V8 concludes that such objects last and allocates them among the old ones from then on: half of what a record takes, which
 * only a full collection frees. For all threads of the process; to be called before they have work. */
export function keepRecordsYoung(): void {
  setFlagsFromString('--no-allocation-site-pretenuring');
}

/** For a thread that hands on what others work on: its young objects are few, and V8 would let them grow to 32 MiB. Threads that
 * start later have their whole room for young objects from the beginning.
 * @param mebibytes of a half of that room */
export function keepYoungObjectsFew(mebibytes: number): void {
  // What is compiled up to here is kept under the flags up to here.
  flushCompileCache();
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString(`--min-semi-space-size=${mebibytes}`);
}
