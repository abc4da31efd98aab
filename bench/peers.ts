/** The rows that need other programs: `npm run bench:peers`. FLUENT_BIT names a Fluent Bit of 5.0.6 or later, RSIGMA an
 * rsigma, SIGMAHQ a checkout of github.com/SigmaHQ/sigma; RECORDS is the length of the log. */
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { corpora } from './corpora/index.ts';
import { freePort, httpTo, sendLog, startFluentBit, tailOf } from './fluent-bit.ts';
import { type Row, runRows } from './row.ts';
import { rsigmaRows } from './rsigma.ts';
import { cpuOf, startSidecar } from './server.ts';

const records = Number(process.env.RECORDS ?? 200_000);
const { FLUENT_BIT: fluentBit, RSIGMA: rsigma, SIGMAHQ: sigmaHq } = process.env;
const folder = mkdtempSync(join(tmpdir(), 'tripline-peers-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));

/** The ordinary log as a file, without what Fluent Bit adds. */
function writeLog(count: number): string {
  const path = join(folder, 'audit.log');
  writeFileSync(path, '');
  for (let first = 0; first < count; first += 1000) {
    const texts = corpora.ordinary(Math.min(1000, count - first), 9, first);
    appendFileSync(path, texts.map((text) => `${text.replace(/^\{"date":[^,]+,/, '{')}\n`).join(''));
  }
  return path;
}

function fluentBitRows(program: string): Row[] {
  /** Three runs over the same log, shared by both rows. */
  const measured = Promise.withResolvers<Awaited<ReturnType<typeof measure>>>();
  let isBegun = false;
  const once = () => {
    if (!isBegun) measure(program).then(measured.resolve, measured.reject);
    isBegun = true;
    return measured.promise;
  };
  return [
    {
      name: 'fluent bit: tail, http, tripline, forward',
      beside: 'the same to a server that discards',
      unit: 'fast',
      least: 0.7,
      aim: 0.9,
      async run() {
        const { discarded, tagged, duplicates } = await once();
        const rate = (seconds: number) => Math.round(records / seconds);
        const note =
          `${rate(tagged.seconds)} records/s beside ${rate(discarded.seconds)}; ${tagged.retries} retries, ${tagged.timeouts} of them after a time-out, ` +
          `${duplicates} duplicates`;
        return { value: discarded.seconds / tagged.seconds, note };
      },
    },
    {
      name: 'fluent bit: CPU of tripline for each record',
      beside: 'what a no-op Lua filter adds',
      unit: 'time',
      least: 1,
      aim: 0.5,
      async run() {
        const { discarded, tagged, filtered, tripline } = await once();
        const micros = (milliseconds: number) => (milliseconds / records) * 1000;
        const lua = micros(filtered.cpu - discarded.cpu);
        const note = `${micros(tripline).toFixed(1)} µs beside ${lua.toFixed(1)} µs; Fluent Bit itself ${micros(tagged.cpu).toFixed(1)} µs`;
        return { value: micros(tripline) / lua, note };
      },
    },
  ];
}

async function measure(program: string) {
  const inputs = [tailOf(writeLog(records))];
  const discardPort = await freePort();
  const discard = createServer((request, response) => {
    request.resume().on('end', () => response.writeHead(204).end());
  }).listen(discardPort, '127.0.0.1');
  const to = (name: string, outputs: object[], filters?: object[]) =>
    sendLog(program, join(folder, name), { inputs, ...(filters && { filters }), outputs }, records);

  const discarded = await to('discarded', [httpTo(discardPort)]);
  const lua = {
    name: 'lua',
    match: '*',
    call: 'same',
    code: 'function same(tag, time, record) return 2, time, record end',
  };
  const filtered = await to('filtered', [httpTo(discardPort)], [lua]);

  const forwardPort = await freePort();
  const receiver = await startFluentBit(program, join(folder, 'receiver'), {
    inputs: [
      { name: 'forward', listen: '127.0.0.1', port: forwardPort, buffer_chunk_size: '1M', buffer_max_size: '64M' },
    ],
    outputs: [{ name: 'null', match: '*' }],
  });
  const config = join(folder, 'tripline.yaml');
  const sink = { type: 'forward', host: '127.0.0.1', port: forwardPort, tagPrefix: 'tripline.' };
  writeFileSync(config, stringify({ logLevel: 'error', sinks: [sink] }));
  const sidecar = await startSidecar(['--config', config]);
  const before = cpuOf(sidecar.pid);
  const tagged = await to('tagged', [httpTo(sidecar.port)]);
  const tripline = cpuOf(sidecar.pid) - before;
  const arrived = await receiver.until(({ output }) => output['null.0']!.proc_records! >= records);
  const duplicates = arrived.output['null.0']!.proc_records! - records;
  await sidecar.stop();
  await receiver.stop();
  discard.close();
  return { discarded, filtered, tagged, tripline, duplicates };
}

const rows: Row[] = [];
if (fluentBit) rows.push(...fluentBitRows(fluentBit));
else console.log('Skipped: the rows of Fluent Bit. FLUENT_BIT is to be the path of one, of 5.0.6 or later.');
if (rsigma && sigmaHq) rows.push(...rsigmaRows(rsigma, sigmaHq, writeLog));
else {
  console.log(
    'Skipped: the rows of rsigma. RSIGMA is to be its path, SIGMAHQ that of a checkout of github.com/SigmaHQ/sigma.',
  );
}
if (rows.length > 0) await runRows(rows, process.argv.slice(2));
