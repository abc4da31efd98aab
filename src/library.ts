/** Tagging in your own program, with the same code and the same settings as the sidecar. */
import { fileURLToPath } from 'node:url';
import { taggedBody } from './batch/splice.ts';
import { codecFor } from './codecs/index.ts';
import { type Config, loadConfig } from './config/index.ts';
import { processBatch } from './pipeline.ts';
import { partsOf } from './pipeline-dependencies.ts';
import { Problem } from './problem.ts';
import { loadRules } from './rules/index.ts';
import { printRuleProblem } from './sigma/index.ts';
import type { Tag } from './tag.ts';

/** The part of the configuration that concerns tagging; each setting has its default if left out. */
export type TriplineSettings = Partial<
  Pick<
    Config,
    | 'rules'
    | 'lists'
    | 'exceptions'
    | 'overrides'
    | 'memberName'
    | 'clearEventFields'
    | 'dateKey'
    | 'platform'
    | 'cluster'
    | 'trustedProxies'
    | 'limits'
  >
>;

export interface Body {
  /** One batch of records, in the layout that the media type names. */
  bytes: Uint8Array;
  /** `application/json` if left out; also `application/x-ndjson`, and `application/msgpack` as Fluent Bit writes it. */
  mediaType?: string;
}

export interface TaggedBody {
  /** The same records in the same layout, each with its tag. */
  bytes: Uint8Array;
  /** The tags of the records, in order; undefined for a group marker of Fluent Bit, which is not a record. */
  tags: (Tag | undefined)[];
}

export interface Tripline {
  /** Files and lines of rules that are not used, as printed text; empty if all are used. */
  problems: string[];
  /** Tags a batch as `serve` does. Batches are processed in the order of the calls, as correlations keep state from one to the
   * next. What is wrong with a record is reported in its tag.
   * @throws Problem if no record can be found in the body, or it exceeds a limit */
  tag(body: Body): Promise<TaggedBody>;
}

/** Loads the rules; what correlations remember is kept in memory as long as the object lives.
 * @throws Problem `config.invalid`, or `rule.invalid` if no rule is left */
export function openTripline(settings: TriplineSettings = {}): Tripline {
  const bundledRules = fileURLToPath(new URL('../rules', import.meta.url));
  const config = loadConfig({ path: undefined, overrides: settings, environment: {}, bundledRules });
  const { ruleset, problems } = loadRules(config);
  const parts = partsOf(config, () => ruleset, []);
  let before: Promise<unknown> = Promise.resolve();

  async function tagNow({ bytes, mediaType = 'application/json' }: Body): Promise<TaggedBody> {
    const codec = codecFor(mediaType);
    if (codec === undefined) throw new Problem('request.media_type', `the media type is ${mediaType}`);
    const receivedUnixNano = BigInt(Date.now()) * 1_000_000n;
    const batch = await processBatch({ fluentTag: undefined, codec, bytes, receivedUnixNano }, parts);
    return { bytes: taggedBody(batch), tags: [...batch.tags] };
  }

  return {
    problems: problems.map(printRuleProblem),
    tag(body) {
      const tagged = before.then(() => tagNow(body));
      before = tagged.catch(() => {});
      return tagged;
    },
  };
}
