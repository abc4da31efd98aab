/** How the heaps of the process grow, and how far. */
import { flushCompileCache } from 'node:module';
import { totalmem } from 'node:os';
import { setFlagsFromString } from 'node:v8';
import type { ResourceLimits } from 'node:worker_threads';

/** Of the processing thread, for objects that were made just now. The default of V8, twice that, takes 30 MiB more and gains
 * nothing. */
const YOUNG_MEBIBYTES = 24;
/** V8 counts three halves: two of the room for young objects, and as much for large ones. */
const HALVES = 3;

/** Of the memory of a container, what the heap of the processing thread may take: V8 would take half, for each thread, and
 * collect nothing before. The rest is for bodies, and for what else the process needs. */
const HEAP_SHARE = 0.4;

/** The bounds of the processing thread's heap. Where the process has the memory of the machine, those of V8 hold for old
 * objects. */
export function processingHeap(): ResourceLimits {
  const bytes = process.constrainedMemory();
  const isConstrained = bytes > 0 && bytes < totalmem();
  return {
    maxYoungGenerationSizeMb: YOUNG_MEBIBYTES,
    ...(isConstrained && { maxOldGenerationSizeMb: Math.floor((bytes * HEAP_SHARE) / 1024 / 1024) }),
  };
}

/** Keeps what is made of a record among the young objects. All of a batch is alive when the first collections come, whence
 * V8 concludes that such objects last and allocates them among the old ones from then on: half of what a record takes, which
 * only a full collection frees. For all threads of the process; to be called before they have work. */
export function keepRecordsYoung(): void {
  setFlagsFromString('--no-allocation-site-pretenuring');
}

/** For a thread that hands on what others work on: its young objects are few, and V8 would let them grow to 32 MiB. The
 * processing thread, which starts later, has its whole room for young objects from the beginning. */
export function keepYoungObjectsFew(): void {
  // What is compiled up to here is kept under the flags up to here.
  flushCompileCache();
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString(`--min-semi-space-size=${YOUNG_MEBIBYTES / HALVES}`);
}
