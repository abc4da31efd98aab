/** Ten million records through one sidecar: `npm run bench:soak`, or RECORDS=1000000 for fewer. A tenth of them come from users
 * and agents that were not seen before. Prints the server's memory as it runs, and whether it grows; records are made as they
 * are sent, so that this process needs little. */
import { corpora } from './corpora/index.ts';
import { formats } from './formats.ts';
import { memoryOf, startSidecar } from './server.ts';
import { growthOf, newcomer } from './soak-growth.ts';

const records = Number(process.env.RECORDS ?? 10_000_000);
const { mediaType, bodyOf } = formats.json;
/** 2 MB */
const BODY = 900;
const SENDERS = 8;
const LINES = 40;
/** One record in this many is a newcomer's. */
const NEWCOMERS = 10;

const server = await startSidecar();
const started = performance.now();
const samples: { records: number; mebibytes: number }[] = [];
let begun = 0;
let done = 0;
let shown = 0;
console.log(['records', 'seconds', 'records/s', 'RSS MiB', 'peak MiB'].map((head) => head.padStart(11)).join(''));

async function sender(): Promise<void> {
  while (begun < records) {
    const first = begun;
    begun += BODY;
    const texts = corpora.ordinary(BODY, 9, first);
    for (let offset = 0; offset < BODY; offset += NEWCOMERS) texts[offset] = newcomer(texts[offset]!, first + offset);
    await server.post(bodyOf(texts), mediaType);
    done += BODY;
    const { now, peak } = memoryOf(server.pid);
    samples.push({ records: done, mebibytes: now });
    if (done - shown < records / LINES) continue;
    shown = done;
    const seconds = (performance.now() - started) / 1000;
    console.log([done, seconds, done / seconds, now, peak].map((figure) => figure.toFixed(0).padStart(11)).join(''));
  }
}

await Promise.all(Array.from({ length: SENDERS }, sender));
await server.stop();
const { mean, perMillion, isFlat } = growthOf(samples);
console.log(
  `second half: ${mean.toFixed(0)} MiB on average, ${perMillion.toFixed(1)} MiB more for each million records: ` +
    (isFlat ? 'flat' : 'it grows'),
);
process.exit(isFlat ? 0 : 1);
