/** Processes that correlate, simulated in this one: on a store that they share, or each on its own. */
import { pino } from 'pino';
import { codecFor } from '../../../src/codecs/index.ts';
import { loadConfig } from '../../../src/config/index.ts';
import { type Correlate, correlator } from '../../../src/correlate/index.ts';
import { sharedCorrelation } from '../../../src/correlate/shared.ts';
import { Ruleset } from '../../../src/detect.ts';
import { processBatch } from '../../../src/pipeline.ts';
import { partsOf } from '../../../src/pipeline-dependencies.ts';
import { compileRule, parseRules, resolveCorrelations } from '../../../src/sigma/index.ts';
import { type MemoryStore, memoryStore } from '../../../src/state/memory.ts';
import { type Connect, openLink } from '../../../src/state/shared/link.ts';
import { sharedStore } from '../../../src/state/shared/store.ts';
import { keyNames } from '../../../src/state/shared/stored.ts';
import type { Secret, Store } from '../../../src/state/store.ts';
import type { Tag } from '../../../src/tag.ts';
import { bundledRules } from '../../server/app.ts';

export interface Worker {
  /** The tags of the records of a batch. */
  tags(records: readonly object[]): Promise<(Tag | undefined)[]>;
  /** What arrived too late, by correlation. */
  late: string[];
}

export interface SharedWorker extends Worker {
  secret(): Secret;
  /** The outcome of each exchange. */
  exchanges: string[];
  isAvailable(): boolean;
  close(): void;
}

const config = loadConfig({ path: undefined, overrides: {}, environment: {}, bundledRules });

/** Rules by verb (`got`, `deleted`, `listed`), and correlations: each text is a file. */
export function rulesetOf(...correlations: string[]): Ruleset {
  const ruleOf = (name: string, verb: string) =>
    `title: ${name}\nname: ${name}\nlogsource: { product: kubernetes }\ndetection: { s: { verb: ${verb} }, condition: s }`;
  const texts = [ruleOf('got', 'get'), ruleOf('deleted', 'delete'), ruleOf('listed', 'list'), ...correlations];
  const parsed = texts.map((text, index) => parseRules(text, `${index}.yml`));
  const rules = parsed.flatMap((file) => file.rules);
  const resolved = resolveCorrelations(
    parsed.flatMap((file) => file.correlations),
    rules,
  );
  const problems = [...parsed, resolved].flatMap((one) => one.problems);
  if (problems.length > 0) throw new Error(JSON.stringify(problems));
  return new Ruleset(
    rules.map((rule) => compileRule(rule)),
    resolved.correlations,
    'h',
  );
}

function workerOf(
  ruleset: Ruleset,
  correlate: Correlate,
  correlateIn?: <T>(step: () => Promise<T>) => Promise<T>,
): Worker['tags'] {
  const parts = { ...partsOf(config, () => ruleset, [], correlate), ...(correlateIn && { correlateIn }) };
  return async (records) => {
    const bytes = Buffer.from(JSON.stringify(records));
    const receivedUnixNano = 1_800_000_000_000_000_000n;
    const batch = { fluentTag: 'k', codec: codecFor('application/json')!, bytes, receivedUnixNano };
    return [...(await processBatch(batch, parts)).tags];
  };
}

/** One that shares nothing. */
export function loneWorker(ruleset: Ruleset, secret?: Secret): Worker {
  return workerOn(memoryStore({ ...(secret && { secret }) }), ruleset);
}

export function workerOn(store: Store, ruleset: Ruleset): Worker {
  const late: string[] = [];
  const tags = workerOf(ruleset, correlator(store, { late: (name) => void late.push(name), evicted() {} }));
  return { tags, late };
}

export interface SharedWorkerOptions {
  prefix?: string;
  timeout?: number;
  /** The store with which it continues while the server is away. */
  local?: MemoryStore;
}

export async function sharedWorker(
  ruleset: Ruleset,
  connect: Connect,
  { prefix = 't', timeout = 1000, local }: SharedWorkerOptions = {},
): Promise<SharedWorker> {
  const late: string[] = [];
  const exchanges: string[] = [];
  const link = await openLink(connect, { timeout, logger: pino({ level: 'silent' }), retryAfter: 50 });
  const shared = sharedStore({ link, names: keyNames(prefix), onExchange: (result) => void exchanges.push(result) });
  const losses = { late: (name: string) => void late.push(name), evicted() {} };
  const { correlate, correlateIn } = sharedCorrelation({ shared, local, losses });
  return {
    tags: workerOf(ruleset, correlate, correlateIn),
    ...{ late, exchanges, secret: link.secret, close: link.close },
    isAvailable: () => link.outage() === undefined,
  };
}
