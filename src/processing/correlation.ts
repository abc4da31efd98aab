/** The correlations of the thread, and where they keep state: in memory, which a file may preserve, or on a server. */
import type { Logger } from 'pino';
import { serversIn } from '../config/server-url.ts';
import type { StateSettings } from '../config/state.ts';
import { type Correlate, type CorrelationLosses, correlator } from '../correlate/index.ts';
import { correlationOf } from '../correlate/plan.ts';
import { type SharedCorrelation, sharedCorrelation } from '../correlate/shared.ts';
import type { RulesStatus } from '../server/health.ts';
import type { MemoryStore } from '../state/memory.ts';
import { openLink } from '../state/shared/link.ts';
import { redisConnector } from '../state/shared/redis.ts';
import { sharedStore } from '../state/shared/store.ts';
import { keyNames } from '../state/shared/stored.ts';
import { openState } from '../state/state.ts';
import { countStateRequest, gaugeStateUnavailable, gaugeStateWritten } from '../telemetry/index.ts';

export interface Correlation extends Partial<Pick<SharedCorrelation, 'correlateIn'>> {
  correlate: Correlate;
  /** What is wrong with the place where they keep state. */
  stateStatus(): Pick<RulesStatus, 'stateUnwritten' | 'stateUnavailable'>;
  /** Writes what is pending, and then resolves. */
  close(): Promise<void>;
}

export interface CorrelationParts {
  /** Memory of this process, which holds what is not on a server. */
  store: MemoryStore;
  logger: Logger;
  losses: CorrelationLosses;
  /** Called when the server becomes unavailable or available again. */
  onChange: () => void;
}

/** @throws Problem `config.invalid` if the place cannot be used at all */
export async function openCorrelation(state: StateSettings | undefined, parts: CorrelationParts): Promise<Correlation> {
  const { store, logger, losses } = parts;
  if (state?.url !== undefined) return openShared(state, state.url, parts);
  const { path, key } = state ?? {};
  const file = path === undefined ? undefined : await openState({ path, key }, store, logger, gaugeStateWritten);
  return {
    // After the file was opened: it sets the secret that the keys are hashed with.
    correlate: correlator(store, losses),
    stateStatus() {
      const unwritten = file?.unwritten();
      return unwritten === undefined ? {} : { stateUnwritten: unwritten };
    },
    close: async () => file?.close(),
  };
}

const TIMEOUT = 1000;
const PREFIX = 'tripline';

async function openShared(
  { sentinelName, username, password, ca, ...settings }: StateSettings,
  url: string,
  { store, logger, losses, onChange }: CorrelationParts,
): Promise<Correlation> {
  const servers = serversIn(url, sentinelName !== undefined);
  // The check of the configuration excludes this.
  if (typeof servers === 'string') throw new Error(servers);
  const { prefix = PREFIX, timeoutMs: timeout = TIMEOUT, replicas = 0, whenUnavailable } = settings;
  const names = keyNames(prefix);
  const connection = { ...servers, sentinelName, username, password, ca, timeout, replicas };
  const connect = await redisConnector(connection, { names, logger });
  const link = await openLink(connect, {
    timeout,
    logger,
    onChange(outage) {
      gaugeStateUnavailable(outage !== undefined);
      onChange();
    },
  });
  gaugeStateUnavailable(link.outage() !== undefined);
  let isForeignKnown = false;
  const shared = sharedStore({
    link,
    names,
    onExchange: countStateRequest,
    onForgotten(space, why, name) {
      if (why === 'room') return losses.evicted(correlationOf(space), 1);
      if (!isForeignKnown) {
        logger.warn({ key: name }, 'A key of the state holds a value that Tripline did not write, and is overwritten');
      }
      isForeignKnown = true;
    },
  });
  return {
    ...sharedCorrelation({ shared, local: whenUnavailable === 'local' ? store : undefined, losses }),
    stateStatus() {
      const unavailable = link.outage();
      return unavailable === undefined ? {} : { stateUnavailable: unavailable };
    },
    close: async () => link.close(),
  };
}
