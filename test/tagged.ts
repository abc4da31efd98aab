/** Runs records through the whole pipeline, in the wire format of a sender and with all bundled rules. */
import { encode } from '@msgpack/msgpack';
import { codecFor } from '../src/codecs/index.ts';
import { type Config, loadConfig } from '../src/config/index.ts';
import { Ruleset } from '../src/detect.ts';
import { type Parts, processBatch } from '../src/pipeline.ts';
import { partsOf } from '../src/pipeline-dependencies.ts';
import { loadRules } from '../src/rules/index.ts';
import type { Tag } from '../src/tag.ts';
import { bundledRules } from './server/app.ts';

const bundled = loadRules({ rules: [bundledRules] }).ruleset;

/** By name; planning the evaluation of all rules takes longer than evaluating them for a record. */
const rulesets = new Map<string | undefined, Ruleset>();

/** The bundled rules, or one of them alone; without correlations, which look at more than one record. */
export function rulesetOf(name?: string): Ruleset {
  const known = rulesets.get(name);
  if (known !== undefined) return known;
  const rules = name === undefined ? bundled.rules : bundled.rules.filter(({ rule }) => rule.name === name);
  if (rules.length === 0) throw new Error(`there is no rule ${name}`);
  const ruleset = new Ruleset(rules, [], bundled.hash);
  rulesets.set(name, ruleset);
  return ruleset;
}

export interface TaggedOptions {
  ruleset?: Ruleset;
  mediaType?: string;
  settings?: Partial<Config>;
}

function partsWith(settings: Partial<Config>, ruleset: Ruleset): Parts {
  const config = loadConfig({ path: undefined, overrides: settings, environment: {}, bundledRules });
  return partsOf(config, () => ruleset, []);
}

/** Parts keep tables of what they have decided, as in the sidecar: creating them takes longer than a record. */
const partsByRules = new WeakMap<Ruleset, Parts>();

function usualParts(ruleset: Ruleset): Parts {
  const parts = partsByRules.get(ruleset) ?? partsWith({}, ruleset);
  partsByRules.set(ruleset, parts);
  return parts;
}

/** The tags of a body, one for each record. */
export async function tagsOfBody(bytes: Uint8Array, options: TaggedOptions = {}): Promise<Tag[]> {
  const { ruleset = rulesetOf(), mediaType = 'application/json', settings } = options;
  const codec = codecFor(mediaType)!;
  const batch = { fluentTag: 'kube.audit', codec, bytes, receivedUnixNano: 1_800_000_000_000_000_000n };
  const { tags } = await processBatch(
    batch,
    settings === undefined ? usualParts(ruleset) : partsWith(settings, ruleset),
  );
  return tags.map((tag) => tag!);
}

/** The tags of records. */
export function tagsOf(records: readonly unknown[], options?: TaggedOptions): Promise<Tag[]> {
  return tagsOfBody(Buffer.from(JSON.stringify(records)), options);
}

/** A record as Fluent Bit frames it in MessagePack. */
export function fluentMsgpack(record: unknown, maxDepth = 20_000): Uint8Array {
  return encode([[1_800_000_000, {}], record], { maxDepth });
}
