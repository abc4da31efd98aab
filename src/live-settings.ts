/** Settings that change while Tripline runs: credentials, and the certificates of the listener. All others take a restart, and
 * so does asking for no credentials any more: a slip must not open the door.
 *
 * The configuration is read again on SIGHUP, and when a file that it takes a text from, or a file of `tls`, has changed and
 * two looks agree on it, as those of rules are looked at. What is wrong then is in the log, and all stays as it was. */
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'pino';
import type { Config, ReadConfig } from './config/index.ts';
import { filesSeen } from './rules/files-seen.ts';

const lookMilliseconds = 2000;

export interface LiveSettings {
  /** Reads the configuration now, whatever its files look like. */
  reload(): void;
  /** Looks at the files once, and takes over what has changed and come to rest. */
  look(): Promise<void>;
}

export interface SettingsParts {
  /** As it was at the start. */
  config: Config;
  /** That it has taken texts from. */
  files: readonly string[];
  /** Reads the configuration as it is now. */
  read: () => ReadConfig;
  /** @throws Error where a file of `tls` cannot be used */
  renew: (config: Pick<Config, 'auth' | 'tls'>) => void;
  logger: Pick<Logger, 'info' | 'warn' | 'error'>;
}

export function openLiveSettings({ config, files: named, read, renew, logger }: SettingsParts): LiveSettings {
  let live: Pick<Config, 'auth' | 'tls'> = config;
  let files = [...named, ...filesOf(config)];
  let seen: string | undefined;
  let tried: string | undefined;

  const linesOf = async (paths: readonly string[]) => [...(await filesSeen(paths, /^/)).values()].join('\n');

  /** @returns whether it is taken over */
  function take(): boolean {
    const { config: next, problems, files: namedNow } = read();
    files = [...namedNow, ...filesOf(next ?? live)];
    const wrong = next === undefined ? problems : whyNot(next);
    if (next !== undefined && wrong.length === 0) {
      warnOfOthers(next);
      live = { ...next, auth: next.auth ?? live.auth };
      return true;
    }
    logger.error(
      { problems: wrong },
      `The changed settings are not taken over, and credentials and certificates stay as they were. Mend this, or undo ` +
        `the change; no restart is needed:\n${wrong.join('\n')}`,
    );
    return false;
  }

  function whyNot({ auth = live.auth, tls }: Config): string[] {
    try {
      renew({ auth, tls: live.tls && tls });
      return [];
    } catch (error) {
      return [(error as Error).message];
    }
  }

  function warnOfOthers(next: Config): void {
    const before = { ...config, auth: live.auth };
    const others = Object.keys({ ...before, ...next }).filter((key) => !isTaken(key, before, next));
    if (others.length > 0) logger.warn({ settings: others }, `These settings take a restart: ${others.join(', ')}`);
  }

  return {
    reload() {
      if (take()) logger.info('Read the settings again, as asked');
    },
    async look() {
      const now = await linesOf(files);
      const isAtRest = now === seen;
      seen = now;
      tried ??= now;
      if (!isAtRest || now === tried) return;
      tried = now;
      if (take()) logger.info({ files }, 'Credentials and certificates are now as their files say');
    },
  };
}

function filesOf({ tls }: Pick<Config, 'tls'>): string[] {
  return tls === undefined ? [] : [tls.cert, tls.key, ...(tls.clientCa === undefined ? [] : [tls.clientCa])];
}

/** Whether a setting is the same, or is taken over. */
function isTaken(key: string, before: Config, after: Config): boolean {
  if (key === 'auth') return after.auth !== undefined || before.auth === undefined;
  if (key === 'tls') return isDeepStrictEqual(fixedOf(before), fixedOf(after));
  return isDeepStrictEqual(before[key as keyof Config], after[key as keyof Config]);
}

/** What of `tls` stays as it was when the listener was opened. */
function fixedOf({ tls }: Config): unknown {
  return tls && [tls.requireClientCertificate, tls.clientCa === undefined];
}

/** Looks again and again, until the signal is given. */
export async function keepSettings(settings: LiveSettings, logger: Logger, signal: AbortSignal): Promise<void> {
  const rest = () => sleep(lookMilliseconds, true, { signal, ref: false }).catch(() => false);
  do {
    await settings.look().catch((error) => logger.error({ err: error }, 'Looking for changed settings failed'));
  } while (await rest());
}
