/** How the process allocates. */
import { setFlagsFromString } from 'node:v8';

/** Keeps what is made of a record among the young objects. All of a batch is alive when the first collections come, whence
 * V8 concludes that such objects last and allocates them among the old ones from then on: half of what a record takes, which
 * only a full collection frees. For all threads of the process; to be called before they have work. */
export function keepRecordsYoung(): void {
  setFlagsFromString('--no-allocation-site-pretenuring');
}
