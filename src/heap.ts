/** How the heaps of the process grow, and how far. */
import { flushCompileCache } from 'node:module';
import { totalmem } from 'node:os';
import { setFlagsFromString } from 'node:v8';
import type { ResourceLimits } from 'node:worker_threads';

/** Space for young objects in the processing thread. The default of V8, twice that, takes 30 MiB more and gains nothing. */
const YOUNG_MEBIBYTES = 24;
/** V8 counts three halves: the two of the space for young objects, and one more for large ones. */
const HALVES = 3;

/** The share of a container's memory that the heap of the processing thread may use: V8 would use half, for each thread, and
 * collect nothing before that. The rest is for bodies, and for what else the process needs. */
const HEAP_SHARE = 0.4;

/** The bounds of the processing thread's heap. If the process has the memory of the whole machine, V8's own bound applies to
 * old objects. */
export function processingHeap(): ResourceLimits {
  const bytes = process.constrainedMemory();
  const isConstrained = bytes > 0 && bytes < totalmem();
  return {
    maxYoungGenerationSizeMb: YOUNG_MEBIBYTES,
    ...(isConstrained && { maxOldGenerationSizeMb: Math.floor((bytes * HEAP_SHARE) / 1024 / 1024) }),
  };
}

/** Keeps what is made of a record among the young objects. All of a batch is alive during the first collections, so V8
 * concludes that such objects last and from then on allocates them among the old ones: half of what a record takes, which
 * only a full collection frees. Applies to all threads of the process; call it before they have work. */
export function keepRecordsYoung(): void {
  setFlagsFromString('--no-allocation-site-pretenuring');
}

/** For a thread that hands work to others: its young objects are few, and V8 would let them grow to 32 MiB. The processing
 * thread, which starts later, has all of its space for young objects from the beginning. */
export function keepYoungObjectsFew(): void {
  // What has been compiled so far is cached under the flags so far.
  flushCompileCache();
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString(`--min-semi-space-size=${YOUNG_MEBIBYTES / HALVES}`);
}
