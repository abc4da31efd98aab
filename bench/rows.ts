/** The rows that are measured within this process: bodies of 500 records, as Fluent Bit sends them. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { Packr, Unpackr } from 'msgpackr';
import { batchesOf, RECORDS, received, SEED, tagAll } from './batches.ts';
import type { CorpusName } from './corpora/index.ts';
import { type Compression, compressions, type FormatName, formats } from './formats.ts';
import { generatedRules } from './generated-rules.ts';
import { measurePair, type Pair } from './measure.ts';
import type { Tag } from './product.ts';
import type { Reached, Row } from './row.ts';

/** Of this checkout, or of the one that TREE names. */
const { TREE: tree } = process.env;
const module = tree === undefined ? './product.ts' : pathToFileURL(join(tree, 'bench/product.ts')).href;
const { bundledRules, tagger } = (await import(module)) as typeof import('./product.ts');
const product = (rules: readonly string[] = [bundledRules]): Tag => tagger(rules, received);

type Baseline = (bodies: readonly Buffer[], texts: readonly string[][]) => () => unknown;

const parseAlone: Baseline = (bodies) => {
  const texts = bodies.map(String);
  return () => texts.map((text) => JSON.parse(text));
};
const parseAndStringify: Baseline = (bodies) => {
  const texts = bodies.map(String);
  return () => texts.map((text) => JSON.stringify(JSON.parse(text)));
};
const parseLines: Baseline = (_, texts) => () => texts.map((lines) => lines.map((line) => JSON.parse(line)));
const parseAndStringifyLines: Baseline = (_, texts) => () =>
  texts.map((lines) => lines.map((line) => JSON.stringify(JSON.parse(line))));
const parseTwiceAndStringify: Baseline = (bodies) => {
  const texts = bodies.map(String);
  return () =>
    texts.map((text) => {
      const records = JSON.parse(text) as { properties: { log: string } }[];
      for (const { properties } of records) JSON.parse(properties.log);
      return JSON.stringify(records);
    });
};

/* It has no extension 0 and reads the time as undefined, which is less work than to keep it. */
const packr = new Packr({ useRecords: false });
const unpackr = new Unpackr({ useRecords: false });
const unpackAndPack: Baseline = (bodies) => () =>
  bodies.map((body) => (unpackr.unpackMultiple(body) as unknown[]).map((record) => packr.pack(record)));

interface Corner {
  corpus: CorpusName;
  format: FormatName;
  beside: string;
  baseline: Baseline;
  least: number;
  aim: number;
}

const parse = 'JSON.parse';
const both = 'JSON.parse + JSON.stringify';
const corners: readonly Corner[] = [
  { corpus: 'ordinary', format: 'json', beside: parse, baseline: parseAlone, least: 1.2, aim: 1.7 },
  { corpus: 'ordinary', format: 'json', beside: both, baseline: parseAndStringify, least: 1.5, aim: 2.2 },
  { corpus: 'ordinary', format: 'ndjson', beside: parse, baseline: parseLines, least: 1.2, aim: 1.7 },
  { corpus: 'ordinary', format: 'ndjson', beside: both, baseline: parseAndStringifyLines, least: 1.5, aim: 2.2 },
  {
    corpus: 'ordinary',
    format: 'msgpack',
    beside: 'msgpackr unpack + pack',
    baseline: unpackAndPack,
    least: 1.5,
    aim: 2.5,
  },
  {
    corpus: 'aks',
    format: 'json',
    beside: 'JSON.parse twice + JSON.stringify',
    baseline: parseTwiceAndStringify,
    least: 1.2,
    aim: 2,
  },
  { corpus: 'gke', format: 'json', beside: both, baseline: parseAndStringify, least: 1.2, aim: 2 },
  { corpus: 'unkind', format: 'json', beside: both, baseline: parseAndStringify, least: 0.4, aim: 0.8 },
  { corpus: 'attack', format: 'json', beside: both, baseline: parseAndStringify, least: 0.1, aim: 0.2 },
];

const cornerRow = ({ corpus, format, beside, baseline, least, aim }: Corner): Row => ({
  name: `${corpus}, ${format}`,
  beside,
  unit: 'fast',
  least,
  aim,
  async run() {
    const tag = product();
    const { mediaType, bodyOf } = formats[format];
    const measured = await measurePair((round) => {
      const texts = batchesOf(corpus, round);
      const bodies = texts.map(bodyOf);
      return { own: tagAll(tag, bodies, mediaType), other: baseline(bodies, texts) };
    });
    return reached(measured.other / measured.own, measured.own);
  },
});

function reached(value: number, milliseconds: number): Reached {
  return { value, note: `${((milliseconds / RECORDS) * 1000).toFixed(1)} µs a record` };
}

/** The cost of one set of rules compared with another, on the ordinary corpus. */
function rulesRow(row: Omit<Row, 'run' | 'unit'>, own: () => readonly string[], other: () => readonly string[]): Row {
  return {
    ...row,
    unit: 'time',
    async run() {
      const taggers = [product(own()), product(other())] as const;
      const { mediaType, bodyOf } = formats.json;
      const measured = await measurePair((round): Pair => {
        const bodies = batchesOf('ordinary', round).map(bodyOf);
        return { own: tagAll(taggers[0], bodies, mediaType), other: tagAll(taggers[1], bodies, mediaType) };
      });
      return reached(measured.own / measured.other, measured.own);
    },
  };
}

const decompressions = {
  gzip: (body: Uint8Array) => gunzipSync(body),
  zstd: (body: Uint8Array) => zstdDecompressSync(body),
} satisfies Record<Compression, (body: Uint8Array) => Buffer>;

const compressedRow = (name: Compression): Row => ({
  name: `ordinary, ${name}`,
  beside: 'decompression alone',
  unit: 'time',
  least: 1.8,
  aim: 1.5,
  async run() {
    const tag = product();
    const { mediaType, bodyOf } = formats.json;
    const measured = await measurePair((round) => {
      const plain = batchesOf('ordinary', round).map(bodyOf);
      const bodies = plain.map((body) => compressions[name](body));
      return { own: tagAll(tag, bodies, mediaType, name), other: () => bodies.map(decompressions[name]) };
    });
    return reached(measured.own / measured.other, measured.own);
  },
});

const oneRule = join(bundledRules, 'kubernetes/pod-host-pid.yml');

export const inProcessRows: readonly Row[] = [
  ...corners.map(cornerRow),
  rulesRow(
    { name: 'ordinary, all bundled rules', beside: 'one rule', least: 1.3, aim: 1.15 },
    () => [bundledRules],
    () => [oneRule],
  ),
  rulesRow(
    { name: 'ordinary, 3,000 further rules', beside: 'the bundled rules', least: 1.5, aim: 1.2 },
    () => [bundledRules, generatedRules(3000, SEED)],
    () => [bundledRules],
  ),
  compressedRow('gzip'),
  compressedRow('zstd'),
];
