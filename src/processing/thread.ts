/** The thread that processes batches: it has the rules, the state and the sinks. */
import { parentPort, workerData } from 'node:worker_threads';
import type { Logger } from 'pino';
import { isConsoleOn } from '../config/console.ts';
import { openKeeper } from '../console/kept.ts';
import { correlationOf } from '../correlate/plan.ts';
import { openDeadLetters } from '../dead-letters/index.ts';
import { openContext } from '../findings/context.ts';
import { openNovelty } from '../novelty/index.ts';
import { eventReader, partsOf } from '../pipeline-dependencies.ts';
import { loadRules, pathsOf } from '../rules/index.ts';
import { keepLooking, type LiveRules, openLiveRules } from '../rules/live-rules.ts';
import type { RulesStatus } from '../server/health.ts';
import { processHere } from '../server/process-here.ts';
import { failureOf } from '../server/thread-messages.ts';
import { serveOrders } from '../server/thread-orders.ts';
import { openSilences } from '../silence/index.ts';
import { openSink } from '../sinks/index.ts';
import type { SinkDependencies, SpoolLevel } from '../sinks/sink.ts';
import { memoryStore } from '../state/memory.ts';
import {
  countDetections,
  countEvicted,
  countLate,
  countReceipts,
  countSinkRecords,
  countSinkRetry,
  findingSpans,
  gaugeRefused,
  gaugeRules,
  gaugeSilence,
  gaugeSinkDown,
  gaugeSpool,
  gaugeState,
  startThreadTelemetry,
  traced,
} from '../telemetry/index.ts';
import { openCorrelation } from './correlation.ts';
import type { Instruction, LogLevel, News, Start } from './news.ts';
import { statusOf } from './status.ts';

/** How often to check which sources are silent. */
const LOOK_MILLISECONDS = 10_000;

const { config, environment, letterCount, port } = workerData as Start;
const tell = (news: News) => parentPort!.postMessage(news);

/** Logs through the other thread. */
function relayedLogger(): Logger {
  const at = (level: LogLevel) => (fields: { err?: unknown } | string, message?: string) => {
    if (typeof fields === 'string')
      return tell({ kind: 'log', level, fields: {}, failure: undefined, message: fields });
    const { err, ...rest } = fields;
    tell({ kind: 'log', level, fields: rest, failure: err === undefined ? undefined : failureOf(err), message });
  };
  return { info: at('info'), warn: at('warn'), error: at('error') } as unknown as Logger;
}

async function start(): Promise<void> {
  const logger = relayedLogger();
  const telemetry = await startThreadTelemetry(environment, logger, (measurements) =>
    tell({ kind: 'measured', measurements }),
  );
  const rules = await openLiveRules({
    paths: pathsOf(config),
    load: (before) => loadRules(config, { before }),
    logger,
  });
  const { correlations } = rules.ruleset();
  gaugeRules(rules.ruleset());
  gaugeRefused(false);

  const store = memoryStore({
    onEvict(space, entries, place, latest) {
      if (!novelty.evicted(space, place, latest)) countEvicted(correlationOf(space), entries);
    },
  });
  const novelty = openNovelty(store);
  const correlation = await openCorrelation(config.state, {
    store,
    logger,
    losses: { late: countLate, evicted: countEvicted },
    onChange: () => tell({ kind: 'rules', rules: status() }),
  });
  const { correlate, correlateIn } = correlation;
  const status = () => statusOf(rules, correlation.stateStatus());
  gaugeState(store.entries());
  if (config.state === undefined && correlations.some(({ correlation: { test } }) => test.type === 'new_terms')) {
    logger.warn(
      'Rules about new terms forget them on a restart, and learn them again: set state to keep them in a file or on ' +
        'a server',
    );
  }
  const faults = new Map<string, SpoolLevel['fault']>();
  const { deadLetterPath, maxDeadLetterBytes } = config;
  const deadLetters =
    deadLetterPath === undefined ? undefined : await openDeadLetters(deadLetterPath, maxDeadLetterBytes, letterCount);
  const { silentAfterSeconds: afterSeconds } = config;
  const silences = afterSeconds === 0 ? undefined : openSilences({ afterSeconds, logger, measure: gaugeSilence });
  if (silences !== undefined) {
    const look = () => {
      silences.look();
      tell({ kind: 'silences', silences: silences.now() });
    };
    setInterval(look, LOOK_MILLISECONDS).unref();
  }
  const dependencies: SinkDependencies = {
    logger,
    eventsOf: eventReader(config),
    environment,
    contextOf: openContext({ ruleset: rules.ruleset, noveltyOf: novelty.of }),
    deadLetters,
    listenForSilences: silences?.listen,
    onRetry: countSinkRetry,
    onDown: gaugeSinkDown,
    onSettled: countSinkRecords,
    onSpool(sink, level) {
      gaugeSpool(sink, level);
      if (level.fault !== faults.get(sink)) tell({ kind: 'spool', sink, fault: level.fault });
      faults.set(sink, level.fault);
    },
  };
  const sinks = await Promise.all(config.sinks.map((sink) => openSink(sink, dependencies)));
  const observer = { traced, findingSpans, countDetections, countReceipts, countSinkRecords };
  const onFailure = (error: unknown) =>
    logger.error({ err: error }, 'A batch is not kept for the console, because of a defect');
  const keeper = isConsoleOn(config) ? openKeeper({ ...config.console, noveltyOf: novelty.of, onFailure }) : undefined;
  const process = processHere(
    {
      ...partsOf(config, rules.ruleset, sinks, correlate),
      areClearShared: true,
      ...{ correlateIn, novelty, heard: silences?.heard, observer },
    },
    keeper?.keep,
  );
  serveOrders(port, process, () => gaugeState(store.entries()));

  const stopping = new AbortController();
  const looking = oneByOne(telling(rules, status));
  void keepLooking(looking, logger, stopping.signal);
  parentPort!.on('message', async (instruction: Instruction) => {
    if (instruction === 'reload') {
      // Changes are applied once two looks agree on them.
      await looking
        .look()
        .then(looking.look)
        .catch((error) => logger.error({ err: error }, 'Looking for changed rules failed'));
      const { hash, rules: live } = rules.ruleset();
      logger.info({ ruleset: hash, rules: live.length }, 'Checked the rule files, as requested');
      return;
    }
    if (instruction !== 'close') return keeper?.serve(instruction.port);
    stopping.abort();
    await Promise.all([...sinks.map((sink) => sink.close()), correlation.close()]);
    await telemetry.shutdown().catch((error) => logger.warn({ err: error }, 'Telemetry could not be sent'));
    setImmediate(() => tell({ kind: 'closed' }));
  });
  tell({ kind: 'ready', rules: status() });
}

/** Reports after each look what is live. */
function telling(rules: LiveRules, status: () => RulesStatus): LiveRules {
  return {
    ...rules,
    async look() {
      await rules.look();
      tell({ kind: 'rules', rules: status() });
    },
  };
}

/** Looks whenever somebody asks, each time after the previous look has ended. */
function oneByOne(rules: LiveRules): LiveRules {
  let last = Promise.resolve();
  return {
    ...rules,
    look() {
      last = last.catch(() => {}).then(rules.look);
      return last;
    },
  };
}

await start().catch((error) => tell({ kind: 'refused', failure: failureOf(error) }));
