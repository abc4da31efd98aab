/** All that bench/ knows about how the product is called. `bench:compare` uses the file of each commit that it compares. */
import { fileURLToPath } from 'node:url';
import { codecFor } from '../src/codecs/index.ts';
import { loadConfig } from '../src/config/index.ts';
import { correlator } from '../src/correlate/index.ts';
import { keepRecordsYoung } from '../src/heap.ts';
import { processBatch } from '../src/pipeline.ts';
import { partsOf } from '../src/pipeline-dependencies.ts';
import { loadRules } from '../src/rules/index.ts';
import { byteBudget } from '../src/server/byte-budget.ts';
import { decompressor } from '../src/server/content-encoding.ts';
import { replyTo } from '../src/server/reply.ts';
import { printRuleProblem } from '../src/sigma/index.ts';
import { memoryStore } from '../src/state/memory.ts';

keepRecordsYoung();

/** Runs a request body through the whole pipeline, and resolves with the body of the reply, which contains all records.
 * @param encoding Content-Encoding */
export type Tag = (body: Uint8Array, mediaType: string, encoding?: string) => Promise<Uint8Array> | Uint8Array;

export const bundledRules = fileURLToPath(new URL('../rules', import.meta.url));

/** The product with these rules, and with a correlation store of its own that is empty at first.
 * @param rules files and folders
 * @param receivedUnixNano the receive time: no event may be much later */
export function tagger(rules: readonly string[], receivedUnixNano: bigint): Tag {
  const config = loadConfig({ path: undefined, overrides: { rules: [...rules] }, environment: {}, bundledRules });
  const { ruleset, problems } = loadRules({ rules });
  if (problems.length > 0) throw new Error(problems.slice(0, 5).map(printRuleProblem).join('\n'));
  const parts = { ...partsOf(config, () => ruleset, [], correlator(memoryStore())), areClearShared: true };
  const decompress = decompressor(config.limits);
  const budget = byteBudget(config.limits.maxPendingBytes);
  const { signal } = new AbortController();
  return async (body, mediaType, encoding) => {
    const share = budget.open();
    const bytes = await decompress(body as Uint8Array<ArrayBuffer>, encoding, share, signal);
    share.release();
    const batch = { fluentTag: undefined, codec: codecFor(mediaType)!, bytes, receivedUnixNano };
    const reply = await replyTo(await processBatch(batch, parts), 'records', 'same');
    return reply!.body;
  };
}
