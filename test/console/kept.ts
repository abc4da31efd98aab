/** What is kept of records, without a thread. */
import type { MessagePort } from 'node:worker_threads';
import { codecFor } from '../../src/codecs/index.ts';
import { type Config, loadConfig } from '../../src/config/index.ts';
import { openAnswers } from '../../src/console/answers.ts';
import type { Findings } from '../../src/console/api.ts';
import { type Keeper, type Kept, type KeptBatch, openKeeper, type Pulled } from '../../src/console/kept.ts';
import type { Lost } from '../../src/console/ring.ts';
import type { Status } from '../../src/console/status.ts';
import type { Ruleset } from '../../src/detect.ts';
import { processBatch } from '../../src/pipeline.ts';
import { partsOf } from '../../src/pipeline-dependencies.ts';
import { loadRules } from '../../src/rules/index.ts';
import { bundledRules, hostPidRules, podEvent } from '../server/app.ts';

export const configWith = (settings: object = {}): Config =>
  loadConfig({
    path: undefined,
    overrides: { rules: hostPidRules, ...settings } as Partial<Config>,
    environment: {},
    bundledRules,
  });

/** A batch after tagging. */
export async function tagged(
  records: readonly unknown[],
  config: Config = configWith(),
  { mediaType = 'application/json', at = 1_800_000_000_000, ruleset = rulesOf(config) } = {},
) {
  const bytes = Buffer.from(JSON.stringify(records));
  const codec = codecFor(mediaType)!;
  const batch = { fluentTag: 'kube.audit', codec, bytes, receivedUnixNano: BigInt(at) * 1_000_000n };
  return processBatch(
    batch,
    partsOf(config, () => ruleset, []),
  );
}

const loaded = new Map<string, Ruleset>();
function rulesOf(config: Config): Ruleset {
  const key = JSON.stringify([config.rules, config.exceptions, config.overrides]);
  const ruleset = loaded.get(key) ?? loadRules(config).ruleset;
  loaded.set(key, ruleset);
  return ruleset;
}

export const eventOf = (auditID: string, more: object = {}) => ({ ...podEvent({ auditID }), ...more });

/** A port to the keeper that collects the messages sent at once. */
export function portTo(keeper: Keeper): { pulled: Pulled[]; ask(message: object): void } {
  const pulled: Pulled[] = [];
  let hear: (message: object) => void = () => {};
  const port = {
    on(name: string, listener: (message: object) => void) {
      if (name === 'message') hear = listener;
    },
    postMessage: (one: Pulled) => void pulled.push(structuredClone(one)),
    close() {},
  };
  keeper.serve(port as unknown as MessagePort);
  return { pulled, ask: (message) => hear(message) };
}

export function keeperFor(config: Config): Keeper {
  return openKeeper({
    ...config.console,
    onFailure(error) {
      throw error;
    },
  });
}

/** Everything that a keeper holds. */
export function keptIn(keeper: Keeper, lost: (lost: Lost | undefined) => void = () => {}): Kept[] {
  const { pulled, ask } = portTo(keeper);
  const kept: Kept[] = [];
  for (;;) {
    ask({ kind: 'after', seq: kept.at(-1)?.seq ?? 0, now: true });
    const answer = pulled.at(-1) as Extract<Pulled, { kind: 'kept' }>;
    lost(answer.lost);
    kept.push(...answer.kept);
    if (answer.isAll) return kept;
  }
}

export const status: Status = {
  ...{ version: '0.1.0', started: new Date(0), at: new Date(1_800_000_000_000), rulesSince: new Date(0) },
  rules: { ruleset: 'none', rules: 2, correlations: 0 },
  ...{ spools: {}, silences: [], records: [], lag: { p50: null, p99: null }, sinks: [], down: {} },
};

/** Answers about what was found in records. */
export async function answersTo(records: readonly (readonly unknown[])[], settings: object = {}) {
  const config = configWith(settings);
  const keeper = keeperFor(config);
  const batches = () => {
    const { pulled, ask } = portTo(keeper);
    ask({ kind: 'batches' });
    return Promise.resolve((pulled[0] as { batches: KeptBatch[] }).batches);
  };
  const answers = openAnswers({ config, batches });
  let at = 1_800_000_000_000;
  const noteLost = (lost: Lost | undefined) => {
    answers.book.lostBefore ??= lost;
  };
  const add = async (batches: typeof records) => {
    for (const batch of batches) keeper.keep(await tagged(batch, config, { at: (at += 1000) }));
    const { last } = answers.book;
    for (const kept of keptIn(keeper, noteLost)) if (kept.seq > last) answers.book.add(kept);
  };
  await add(records);
  return {
    ...answers,
    add,
    keeper,
    ask: (ask: Parameters<typeof answers.answer>[0]) => answers.answer(ask, status),
    findings: (query: object = {}) =>
      answers.answer({ kind: 'findings', query: { ...query } }, status) as Promise<Findings>,
  };
}
