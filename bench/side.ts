/** One side of compare.ts: `node bench/side.ts <product.ts> <corpus> <format>`. Each message is the number of a round, and is
 * answered with the milliseconds that it took. */
import { pathToFileURL } from 'node:url';
import { batchesOf, received, tagAll } from './batches.ts';
import type { CorpusName } from './corpora/index.ts';
import { type FormatName, formats } from './formats.ts';

const [path, corpus, format] = process.argv.slice(2) as [string, CorpusName, FormatName];
const { bundledRules, tagger } = (await import(pathToFileURL(path).href)) as typeof import('./product.ts');
const tag = tagger([bundledRules], received);
const { mediaType, bodyOf } = formats[format];

process.on('message', async (round: number) => {
  const run = tagAll(tag, batchesOf(corpus, round).map(bodyOf), mediaType);
  const started = performance.now();
  await run();
  process.send!(performance.now() - started);
});
