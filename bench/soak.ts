/** Ten million records through one sidecar: `npm run bench:soak`, or RECORDS=1000000 for fewer. Prints what memory the
 * server has as it goes; records are made as they are sent, so that this process needs little. */
import { corpora } from './corpora/index.ts';
import { formats } from './formats.ts';
import { memoryOf, startSidecar } from './server.ts';

const records = Number(process.env.RECORDS ?? 10_000_000);
const { mediaType, bodyOf } = formats.json;
/** 2 MB */
const BODY = 900;
const SENDERS = 8;
const LINES = 40;

const server = await startSidecar();
const started = performance.now();
let begun = 0;
let done = 0;
let shown = 0;
console.log(['records', 'seconds', 'records/s', 'RSS MiB', 'peak MiB'].map((head) => head.padStart(11)).join(''));

async function sender(): Promise<void> {
  while (begun < records) {
    const first = begun;
    begun += BODY;
    await server.post(bodyOf(corpora.ordinary(BODY, 9, first)), mediaType);
    done += BODY;
    if (done - shown < records / LINES) continue;
    shown = done;
    const seconds = (performance.now() - started) / 1000;
    const { now, peak } = memoryOf(server.pid);
    console.log([done, seconds, done / seconds, now, peak].map((figure) => figure.toFixed(0).padStart(11)).join(''));
  }
}

await Promise.all(Array.from({ length: SENDERS }, sender));
await server.stop();
