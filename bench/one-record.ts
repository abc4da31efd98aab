/** One record in numbers: for each path that a record of the ordinary corpus can take, how much of it JSON.parse is given, what
 * is allocated on the heap, and the time, beside those of JSON.parse. `npm run bench:record` prints the table that is in
 * docs/architecture.md. It uses internals of the product, so it only works with this commit. */
import { getHeapStatistics } from 'node:v8';
import { taggedBody } from '../src/batch/splice.ts';
import { ndjson } from '../src/codecs/ndjson.ts';
import { loadConfig } from '../src/config/index.ts';
import type { Outlined } from '../src/decisions/decision.ts';
import { Decisions } from '../src/decisions/decisions.ts';
import { type Parts, type ProcessedBatch, processBatch } from '../src/pipeline.ts';
import { partsOf } from '../src/pipeline-dependencies.ts';
import { loadRules } from '../src/rules/index.ts';
import { batchesOf, received } from './batches.ts';
import { formats } from './formats.ts';
import { median } from './measure.ts';
import { bundledRules } from './product.ts';

const WARM_ROUNDS = 40;
const ROUNDS = 48;
/** Records of a body. */
const BATCH = 500;

type Path = 'clear' | 'counted' | 'open' | 'finding' | 'plain';

interface Numbers {
  records: number;
  bytes: number;
  /** Percentage of the bytes that JSON.parse is given. */
  parsed: number;
  /** Bytes on the heap. */
  allocated: number;
  /** Of JSON.parse alone. */
  allocatedByParse: number;
  /** Relative to JSON.parse alone. */
  time: number;
}

const { ruleset } = loadRules({ rules: [bundledRules] });
const config = loadConfig({ path: undefined, overrides: {}, environment: {}, bundledRules });
const open = (): Parts => partsOf(config, () => ruleset, []);

async function run(bytes: Uint8Array, parts: Parts): Promise<ProcessedBatch> {
  const batch = { fluentTag: undefined, codec: ndjson, bytes, receivedUnixNano: received };
  const processed = await processBatch(batch, parts);
  taggedBody(processed);
  return processed;
}

/** The records of some rounds, by the path that they take. */
async function recordsByPath(rounds: readonly string[][][], parts: Parts): Promise<Map<Path, string[]>> {
  const found = new Map<Path, string[]>([
    ['clear', []],
    ['counted', []],
    ['open', []],
    ['finding', []],
    ['plain', []],
  ]);
  const { of } = Decisions.prototype;
  for (const texts of rounds.flat()) {
    const outlined: (Outlined | undefined)[] = [];
    Decisions.prototype.of = function (...args) {
      const one = of.apply(this, args);
      outlined.push(one);
      return one;
    };
    const { tags } = await run(formats.ndjson.bodyOf(texts), parts);
    Decisions.prototype.of = of;
    if (outlined.length !== texts.length) throw new Error('a record of the ordinary corpus has no outline');
    for (const [index, text] of texts.entries()) {
      found.get(pathOf(outlined[index], tags[index]!.verdict))!.push(text);
    }
  }
  return found;
}

function pathOf(outlined: Outlined | undefined, verdict: string): Path {
  if (outlined === undefined) return 'plain';
  if (verdict === 'match') return 'finding';
  if (outlined.steps.some(({ evaluation }) => evaluation === undefined)) return 'open';
  return outlined.steps.length > 0 ? 'counted' : 'clear';
}

/** No record is measured twice: one half measures parsing and allocation, the other the time. */
async function measure(texts: readonly string[], parts: Parts): Promise<Numbers> {
  const half = Math.ceil(texts.length / 2);
  const counted = texts.slice(0, half);
  const timed = texts.slice(half);
  const { parse } = JSON;
  let parsed = 0;
  JSON.parse = (text, reviver) => {
    parsed += text.length;
    return parse(text, reviver);
  };
  const allocated = await allocatedBy(async () => {
    for (const body of bodiesOf(counted)) await run(body, parts);
  });
  JSON.parse = parse;
  const allocatedByParse = await allocatedBy(() => counted.map((text) => parse(text)));
  const ratios: number[] = [];
  for (let at = 0; at < timed.length; at += BATCH) {
    const body = timed.slice(at, at + BATCH);
    const bytes = formats.ndjson.bodyOf(body);
    const own = await timeOf(() => run(bytes, parts));
    const other = await timeOf(() => body.map((text) => parse(text)));
    ratios.push(own / other);
  }
  const bytes = counted.reduce((sum, text) => sum + text.length, 0);
  return {
    records: texts.length,
    bytes: Math.round(bytes / counted.length),
    parsed: Math.round((100 * parsed) / bytes),
    allocated: Math.round(allocated / counted.length),
    allocatedByParse: Math.round(allocatedByParse / counted.length),
    time: Math.round(10 * median(ratios)) / 10,
  };
}

function bodiesOf(texts: readonly string[]): Buffer[] {
  return Array.from({ length: Math.ceil(texts.length / BATCH) }, (_, at) =>
    formats.ndjson.bodyOf(texts.slice(at * BATCH, (at + 1) * BATCH)),
  );
}

async function timeOf(work: () => unknown): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

async function allocatedBy(work: () => unknown): Promise<number> {
  const allocated = () => (getHeapStatistics() as unknown as { total_allocated_bytes: number }).total_allocated_bytes;
  const before = allocated();
  await work();
  return allocated() - before;
}

const rounds = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, at) => batchesOf('ordinary', from + at));

// Before the warm-up rounds, because it changes a method of the product.
const taken = await recordsByPath(rounds(WARM_ROUNDS, WARM_ROUNDS + ROUNDS), open());
const parts = open();
const { outlining: _, ...plain } = open();
for (const texts of rounds(0, WARM_ROUNDS).flat()) {
  const body = formats.ndjson.bodyOf(texts);
  await run(body, parts);
  await run(body, plain);
}
const numbers: Partial<Record<string, Numbers>> = {};
for (const [path, texts] of taken) if (texts.length > 0) numbers[path] = await measure(texts, parts);
numbers['all of them, plain'] = await measure(rounds(WARM_ROUNDS, WARM_ROUNDS + 12).flat(2), plain);
console.table(numbers);
