/** The pipeline compared with its separate steps, on bodies of any bytes; and its results as Avro. */
import { readFileSync } from 'node:fs';
import { encodeContainer } from '../../src/avro/container.ts';
import { codecFor } from '../../src/codecs/index.ts';
import { processBatch } from '../../src/pipeline.ts';
import { outlinedBody } from '../fast-path/outlined.ts';
import { type Answer, fast, open, plain, receivedUnixNano } from '../fast-path/paths.ts';
import { bundled } from './bundled.ts';
import { type FuzzTarget, randomFrom } from './fuzz.ts';

const layouts = { array: 'application/json', lines: 'application/x-ndjson', msgpack: 'application/msgpack' } as const;

function wayTarget(layout: keyof typeof layouts): FuzzTarget {
  const mediaType = layouts[layout];
  const ruleset = () => bundled;
  let ways = { fast: fast(ruleset), plain: plain(ruleset) };
  let runs = 0;
  return {
    name: `ways ${layout}`,
    runs: 50,
    corpus: Array.from({ length: 24 }, (_, seed) => outlinedBody(layout, randomFrom(seed), 1 + (seed % 3), seed * 3)),
    async run(bytes) {
      // The memory of correlations is bounded, with eviction by volume, so it is not the same in both.
      if (++runs % 5000 === 0) ways = { fast: fast(ruleset), plain: plain(ruleset) };
      const [one, other] = [await ways.fast(bytes, mediaType), await ways.plain(bytes, mediaType)];
      if (said(one) !== said(other))
        throw new Error(`the fast path says ${said(one)}\nand the plain one ${said(other)}`);
    },
  };
}

const said = (answer: Answer) =>
  'refused' in answer ? answer.refused : `${answer.body.toString('latin1')} ${answer.ids.join()}`;

const parts = open(() => bundled);

export const wayTargets: readonly FuzzTarget[] = [
  ...(Object.keys(layouts) as (keyof typeof layouts)[]).map(wayTarget),
  {
    name: 'avro',
    runs: 50,
    corpus: [
      ...Array.from({ length: 8 }, (_, seed) => outlinedBody('lines', randomFrom(seed), 2, seed * 2)),
      readFileSync(`${import.meta.dirname}/../../examples/eks/input.ndjson`),
    ],
    async run(bytes) {
      const codec = codecFor('application/x-ndjson')!;
      const processed = await processBatch({ fluentTag: undefined, codec, bytes, receivedUnixNano }, parts);
      await encodeContainer(processed, () => true);
    },
  },
];
