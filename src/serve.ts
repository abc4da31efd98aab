/** The sidecar as a whole: telemetry, rules, sinks and server, put together and taken apart. */
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Config } from './config.ts';
import { type Correlate, correlator } from './correlate/index.ts';
import { correlationOf } from './correlate/plan.ts';
import { openDecisions } from './decisions/decisions.ts';
import type { Ruleset } from './detect.ts';
import { eventKeys } from './outline/event-keys.ts';
import type { Parts } from './pipeline.ts';
import { Problem } from './problem.ts';
import { keepLooking, openLiveRules } from './rules/live-rules.ts';
import { loadRules } from './rules.ts';
import { openDeadLetters } from './server/dead-letter.ts';
import { buildServer } from './server/http.ts';
import { openSink } from './sinks/index.ts';
import type { Sink } from './sinks/sink.ts';
import { memoryStore } from './state/memory.ts';
import { openState } from './state/state.ts';
import { openTagger } from './tagger.ts';
import {
  countEvicted,
  countLate,
  countSinkRetry,
  gaugeRefused,
  gaugeRules,
  startTelemetry,
  watchState,
} from './telemetry.ts';

export interface Sidecar {
  /** Where it can be reached from this machine. */
  url: string;
  ruleCount: number;
  /** Waits for requests in flight, then for sinks and telemetry. Resolves with whether all were done in time. */
  stop(): Promise<boolean>;
}

/** Starts everything that the configuration names; resolves when it listens.
 * @throws Problem `rule.invalid` or `config.invalid`; the system's error where it cannot listen */
export async function serve(
  config: Config,
  { environment, logger }: { environment: Readonly<Record<string, string | undefined>>; logger: Logger },
): Promise<Sidecar> {
  const paths = [...config.rules, ...config.lists, ...config.exceptions];
  const rules = await openLiveRules({ paths, load: () => loadRules(config), logger });
  const ruleset = rules.ruleset();

  const telemetry = await startTelemetry(environment, logger);
  gaugeRules(ruleset.hash, ruleset.rules.length);
  gaugeRefused(false);
  const deadLetters =
    config.deadLetterPath === undefined
      ? undefined
      : await openDeadLetters(config.deadLetterPath, config.maxDeadLetterBytes).catch((error) => {
          throw new Problem('config.invalid', `deadLetterPath: ${error.message}`, { cause: error });
        });
  const store = memoryStore({ onEvict: (space, entries) => countEvicted(correlationOf(space), entries) });
  const state = config.state && (await openState(config.state.path, store, logger));
  watchState(() => store.entries());
  if (
    state === undefined &&
    rules.ruleset().correlations.some(({ correlation: { test } }) => test.type === 'new_terms')
  ) {
    logger.warn('Rules about new terms forget them on a restart, and learn anew: set state to keep them in a file');
  }
  const sinks = config.sinks.map((sink) => openSink(sink, { logger, onRetry: countSinkRetry }));
  const { app, drain } = buildServer({
    config,
    logger,
    telemetry,
    deadLetters,
    rules,
    parts: partsOf(config, rules.ruleset, sinks, correlator(store, { late: countLate, evicted: countEvicted })),
  });

  const { host, port } = splitAddress(config.listen);
  if (port > 65535) throw new Problem('config.invalid', `listen: there is no port ${port}`);
  await app.listen({ host, port });
  const address = app.server.address() as AddressInfo;
  const url = `http://${reachable(address.address)}:${address.port}`;
  logger.info(
    { url, ruleset: ruleset.hash, rules: ruleset.rules.length, sinks: sinks.map(({ name }) => name) },
    'Ready',
  );
  if (sinks.length === 0) {
    logger.warn('No sink is configured: records go back in the reply only, which Fluent Bit does not read');
  }
  if (config.auth === undefined && !isLoopback(address.address)) {
    logger.warn(
      { listen: config.listen },
      'Whoever reaches this address can send records: set auth to ask for credentials',
    );
  }

  const stopping = new AbortController();
  void keepLooking(rules, logger, stopping.signal);

  return {
    url,
    ruleCount: ruleset.rules.length,
    async stop() {
      stopping.abort();
      const timeout = new AbortController();
      const late = sleep(config.drainSeconds * 1000, false, { signal: timeout.signal }).catch(() => true);
      const done = drain()
        .then(() => Promise.all([...sinks.map((sink) => sink.close()), state?.close()]))
        .then(() => true);
      const drained = await Promise.race([done, late]);
      timeout.abort();
      await telemetry.shutdown().catch((error) => logger.warn({ err: error }, 'Telemetry could not be sent'));
      return drained;
    },
  };
}

/** What the pipeline is made of, as the configuration says. */
export function partsOf(
  config: Config,
  ruleset: () => Ruleset,
  sinks: readonly Sink[],
  correlate: Correlate = correlator(memoryStore()),
): Parts {
  const { memberName, dateKey, limits, platform, cluster, trustedProxies, clearEventFields } = config;
  const normalize = { platform, cluster, trustedProxies, maxDepth: limits.maxDepth };
  return {
    ruleset,
    correlate,
    sinks,
    memberName,
    dateKey,
    limits,
    normalize,
    outlining: {
      options: { keys: eventKeys(dateKey, memberName), maxDepth: limits.maxDepth },
      decisions: openDecisions(normalize),
    },
    tagger: openTagger({ clearEventFields }),
  };
}

function splitAddress(listen: string): { host: string; port: number } {
  const colon = listen.lastIndexOf(':');
  return { host: listen.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(listen.slice(colon + 1)) };
}

function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1';
}

/** An address that can be pasted into a command on this machine: a wildcard stands for all, so for the loopback too. */
function reachable(address: string): string {
  if (address === '0.0.0.0') return '127.0.0.1';
  if (address === '::') return '[::1]';
  return address.includes(':') ? `[${address}]` : address;
}
