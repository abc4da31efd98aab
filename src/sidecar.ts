/** The sidecar as a whole: starts and stops telemetry, the thread that processes batches and the server. */
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { isConsoleOn } from './config/console.ts';
import type { ForwardInput } from './config/forward-input.ts';
import type { Config, ReadConfig } from './config/index.ts';
import type { KafkaInput } from './config/kafka-input.ts';
import { type Console, openConsole } from './console/start.ts';
import { openTally, type Tally } from './console/tally.ts';
import { countLetters, openDeadLetters } from './dead-letters/index.ts';
import { keepSettings, type Live, openLiveSettings } from './live-settings.ts';
import { Problem } from './problem.ts';
import { type Processing, startProcessing } from './processing/start.ts';
import type { ForwardServer, ForwardServerParts } from './server/forward/index.ts';
import type { KafkaReader, KafkaReaderParts } from './server/kafka/index.ts';
import { processThere } from './server/process-there.ts';
import { startTelemetry, VERSION } from './telemetry/index.ts';

export interface Sidecar {
  /** Where it can be reached from this machine. */
  url: string;
  /** Where the console is; undefined if it is off. */
  console: string | undefined;
  /** Where it accepts messages of the forward protocol. */
  forward: readonly string[];
  /** Waits for requests in flight, then for sinks and telemetry. Resolves with whether all finished in time. */
  stop(): Promise<boolean>;
  /** Reads rules, lists, exceptions, credentials and certificates again, now. */
  reload(): void;
  /** What would be lost if the process ended at this moment. */
  unfinished(): { requests: number; isStateUnwritten: boolean };
}

/** Starts everything that the configuration names; resolves when it listens.
 * @throws Problem `rule.invalid` or `config.invalid`; the system's error if it cannot listen */
export async function serve(
  config: Config,
  {
    environment,
    logger,
    files,
    read,
  }: {
    environment: Readonly<Record<string, string | undefined>>;
    logger: Logger;
    /** Files from which the configuration has read texts. */
    files: readonly string[];
    /** Reads the configuration again. */
    read: () => ReadConfig;
  },
): Promise<Sidecar> {
  const telemetry = await startTelemetry(environment, logger);
  // The processing thread keeps what receivers refuse.
  const letterCount = countLetters();
  const deadLetters =
    config.deadLetterPath === undefined
      ? undefined
      : await openDeadLetters(config.deadLetterPath, config.maxDeadLetterBytes, letterCount).catch((error) => {
          throw new Problem('config.invalid', `deadLetterPath: ${error.message}`, { cause: error });
        });
  const started = new Date();
  const tally = isConsoleOn(config) ? openTally(config.sinks) : undefined;
  // After telemetry, as it measures from its start. In parallel, as the server's modules and the thread both load slowly.
  const [processing, { buildServer }] = await Promise.all([
    startProcessing(config, environment, logger, { letterCount, measured: tally?.add }),
    import('./server/http.ts'),
  ]);
  const console = tally && openConsoleOf(config, { processing, tally, started, logger });
  const { app, consoleApp, drain, unanswered, renew, shared } = buildServer({
    config,
    logger,
    telemetry,
    deadLetters,
    rules: processing.rules,
    spools: processing.spools,
    process: processThere(processing.port),
    hasSinks: config.sinks.length > 0,
    console,
  });

  const forward = config.forward && (await openForward(config.forward, { ...shared, limits: config.limits, logger }));
  const kafka = config.kafka && (await openKafka(config, config.kafka, { ...shared, logger }));
  const { host, port } = splitAddress(config.listen);
  await app.listen({ host, port });
  const address = app.server.address() as AddressInfo;
  const urlOf = ({ address, port }: AddressInfo) =>
    `${config.tls === undefined ? 'http' : 'https'}://${reachable(address)}:${port}`;
  const url = urlOf(address);
  if (consoleApp !== undefined) await consoleApp.listen(splitAddress(config.console.listen!));
  const consoleUrl = console && urlOf((consoleApp ?? app).server.address() as AddressInfo);
  const { ruleset, rules, correlations } = processing.rules();
  const sinks = config.sinks.map(({ name }) => name);
  logger.info(
    {
      url,
      ...(forward && { forward: forward.addresses }),
      ...(consoleUrl && { console: consoleUrl }),
      ruleset,
      rules,
      correlations,
      sinks,
    },
    'Ready',
  );
  if (config.sinks.length === 0) {
    logger.warn('No sink is configured: records go back in the reply only, which Fluent Bit does not read');
  }
  const isAsked = config.auth !== undefined || config.tls?.requireClientCertificate === true;
  if (!isAsked && !isLoopback(address.address)) {
    logger.warn(
      { listen: config.listen },
      'Anyone who can reach this address can send records: set auth to require credentials',
    );
  }

  warnOfOpenForward(config.forward, logger);

  const renewAll = (live: Live) => {
    renew(live);
    if (live.forward !== undefined) forward?.renew(live.forward);
  };
  const settings = openLiveSettings({ config, files, read, renew: renewAll, logger });
  const stopping = new AbortController();
  void keepSettings(settings, logger, stopping.signal);
  let isStateUnwritten = config.state?.path !== undefined;
  return {
    url,
    console: consoleUrl,
    forward: forward?.addresses ?? [],
    reload() {
      settings.reload();
      processing.reload();
    },
    unfinished: () => ({ requests: unanswered(), isStateUnwritten }),
    async stop() {
      stopping.abort();
      const started = performance.now();
      const drained = await isDoneWithin(Promise.all([forward?.drain(), kafka?.drain(), drain()]), config.drainSeconds);
      const left = config.drainSeconds - (performance.now() - started) / 1000;
      // This writes the state at once, whatever is still in progress; the rest of the time is for the sinks.
      const closing = (console?.close() ?? Promise.resolve()).then(processing.close);
      const closed = await isDoneWithin(closing, Math.max(left, STATE_SECONDS));
      isStateUnwritten &&= !closed;
      await telemetry.shutdown().catch((error) => logger.warn({ err: error }, 'Telemetry could not be sent'));
      return drained && closed;
    },
  };
}

/** The console, whose thread starts when somebody looks. Rates are sampled every second while it runs. */
function openConsoleOf(
  config: Config,
  { processing, tally, started, logger }: { processing: Processing; tally: Tally; started: Date; logger: Logger },
): Console {
  let sampling: NodeJS.Timeout | undefined;
  return openConsole({
    config,
    logger,
    watch: processing.watch,
    status: () => ({
      ...{ version: VERSION, started, at: new Date(), rules: processing.rules(), rulesSince: processing.rulesSince() },
      ...{ spools: processing.spools(), silences: processing.silences(), ...tally.read() },
    }),
    onRunning(isRunning) {
      clearInterval(sampling);
      sampling = isRunning ? setInterval(tally.sample, 1000).unref() : undefined;
    },
  });
}

/** Seconds for writing the state, even if the requests in flight have used up the time for stopping. */
const STATE_SECONDS = 4;

async function isDoneWithin(work: Promise<unknown>, seconds: number): Promise<boolean> {
  const timeout = new AbortController();
  const late = sleep(seconds * 1000, false, { signal: timeout.signal }).catch(() => true);
  const isDone = await Promise.race([work.then(() => true), late]);
  timeout.abort();
  return isDone;
}

/** Loaded on demand, as few configure it. */
async function openForward(forward: ForwardInput, parts: Omit<ForwardServerParts, 'forward'>): Promise<ForwardServer> {
  const { openForwardServer } = await import('./server/forward/index.ts');
  return openForwardServer({ forward, ...parts });
}

/** Loaded on demand: few read from Kafka, and its client loads slowly. */
async function openKafka(
  { limits, sinks }: Config,
  kafka: KafkaInput,
  parts: Pick<KafkaReaderParts, 'take' | 'budget' | 'inFlight' | 'remind' | 'logger'>,
): Promise<KafkaReader> {
  const { openKafkaReader } = await import('./server/kafka/index.ts');
  const isCommittedBySink = sinks.some((sink) => sink.type === 'kafka' && sink.exactlyOnce);
  return openKafkaReader({ kafka, limits, isCommittedBySink, ...parts });
}

function warnOfOpenForward(forward: ForwardInput | undefined, logger: Logger): void {
  if (forward?.listen === undefined || forward.sharedKey !== undefined || forward.tls?.clientCa !== undefined) return;
  if (isLoopback(splitAddress(forward.listen).host)) return;
  logger.warn(
    { listen: forward.listen },
    'Anyone who can reach this address can send records over the forward protocol: set forward.sharedKey to require ' +
      'a key',
  );
}

function splitAddress(listen: string): { host: string; port: number } {
  const colon = listen.lastIndexOf(':');
  return { host: listen.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(listen.slice(colon + 1)) };
}

function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1' || address === 'localhost';
}

/** An address that can be pasted into a command on this machine: a wildcard covers all, so the loopback too. */
function reachable(address: string): string {
  if (address === '0.0.0.0') return '127.0.0.1';
  if (address === '::') return '[::1]';
  return address.includes(':') ? `[${address}]` : address;
}
