/** A server as `serve` builds it, on bundled rules, without a socket: tests inject requests into it. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Logger, pino } from 'pino';
import { type Config, loadConfig } from '../../src/config/index.ts';
import type { Correlate } from '../../src/correlate/index.ts';
import type { DeadLetters } from '../../src/dead-letters/index.ts';
import { type Correlated, type Evaluated, Ruleset } from '../../src/detect.ts';
import type { Parts } from '../../src/pipeline.ts';
import { partsOf } from '../../src/pipeline-dependencies.ts';
import { loadRules } from '../../src/rules/index.ts';
import { countsOf } from '../../src/rules/live-rules.ts';
import { buildServer, type ServerParts } from '../../src/server/http.ts';
import { processHere } from '../../src/server/process-here.ts';
import type { Sink } from '../../src/sinks/sink.ts';
import { countDetections, countReceipts, countSinkRecords, findingSpans, traced } from '../../src/telemetry/index.ts';

export const bundledRules = fileURLToPath(new URL('../../rules', import.meta.url));
/** Two rules, for tests of other things than rules: they do not change when rules are added. */
export const hostPidRules = ['pod', 'workload'].map((kind) => join(bundledRules, `kubernetes/${kind}-host-pid.yml`));

/** As an operator writes them. */
type Settings = Omit<Partial<Config>, 'auth' | 'tls'> & { auth?: object; tls?: object };

/** Limits are used as given: tests set one alone, to which the others would otherwise have to be adjusted. */
const configWith = ({ limits, ...overrides }: Settings): Config => ({
  ...loadConfig({ path: undefined, overrides: overrides as Partial<Config>, environment: {}, bundledRules }),
  ...(limits && { limits }),
});

/** The defaults. */
export const { limits } = configWith({});

export interface TestServer extends ReturnType<typeof buildServer> {
  config: Config;
  /** The lines of the log so far. */
  log: Record<string, unknown>[];
  logger: Logger;
}

/** Replaces the correlations in a test, so that a batch can be held. */
export type Step = (evaluated: Evaluated) => Promise<void>;

function asCorrelation(ruleset: ReturnType<Parts['ruleset']>, step: Step): Pick<Parts, 'ruleset' | 'correlate'> {
  const correlating = new Ruleset(ruleset.rules, [{} as (typeof ruleset.correlations)[number]], ruleset.hash);
  return {
    ruleset: () => correlating,
    // The pipeline waits for any step that does not complete at once.
    correlate: (async (evaluated): Promise<Correlated> => {
      await step(evaluated);
      return { raised: [], reported: [], withheld: new Map() };
    }) as (evaluated: Evaluated) => unknown as Correlate,
  };
}

export function testServer(
  settings: Settings = {},
  {
    sinks = [],
    deadLetters,
    rules = hostPidRules,
    exceptions = [],
    correlate,
    spools,
    console,
  }: Pick<ServerParts, 'spools' | 'console'> & {
    sinks?: Sink[];
    deadLetters?: DeadLetters;
    rules?: string[];
    exceptions?: string[];
    correlate?: Step;
  } = {},
): TestServer {
  const { ruleset } = loadRules({ rules, exceptions });
  const config = configWith(settings);
  const log: Record<string, unknown>[] = [];
  const logger = pino({ level: 'debug' }, { write: (line: string) => void log.push(JSON.parse(line)) });
  const server = buildServer({
    config,
    logger,
    telemetry: { prometheus: async () => '# none\n' },
    deadLetters,
    rules: () => ({ ruleset: ruleset.hash, ...countsOf(ruleset) }),
    spools,
    process: processHere({
      ...partsOf(config, () => ruleset, sinks),
      observer: { traced, findingSpans, countDetections, countReceipts, countSinkRecords },
      ...(correlate && asCorrelation(ruleset, correlate)),
    }),
    hasSinks: sinks.length > 0,
    console,
  });
  return { ...server, config, log, logger };
}

/** An audit event of a pod; a match unless specified otherwise. */
export function podEvent({ hostPID = true, auditID = 'a-1' } = {}): Record<string, unknown> {
  return {
    kind: 'Event',
    apiVersion: 'audit.k8s.io/v1',
    level: 'RequestResponse',
    auditID,
    stage: 'ResponseComplete',
    requestURI: '/api/v1/namespaces/shop/pods',
    verb: 'create',
    user: { username: 'ann', groups: ['dev'] },
    sourceIPs: ['198.51.100.9'],
    userAgent: 'kubectl/v1.33',
    objectRef: { resource: 'pods', namespace: 'shop', name: 'web', apiVersion: 'v1' },
    responseStatus: { metadata: {}, code: 201 },
    requestObject: { kind: 'Pod', apiVersion: 'v1', spec: { hostPID, containers: [{ name: 'web' }] } },
    requestReceivedTimestamp: '2026-01-02T03:04:05.000001Z',
    stageTimestamp: '2026-01-02T03:04:05.010001Z',
  };
}
