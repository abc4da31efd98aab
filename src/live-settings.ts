/** Settings that change while Tripline runs: credentials, and the certificates of the listener. All others need a restart, and
 * so does no longer asking for credentials: a slip must not open the door.
 *
 * The configuration is read again on SIGHUP, and when a file from which it reads a text, or a file of `tls`, has changed and
 * two looks agree on it, as for the files of rules. If it is then invalid, the log says why, and nothing changes. */
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'pino';
import type { ForwardInput } from './config/forward-input.ts';
import type { Config, ReadConfig } from './config/index.ts';
import { filesSeen } from './rules/files-seen.ts';

const lookMilliseconds = 2000;

export interface LiveSettings {
  /** Reads the configuration now, whatever its files look like. */
  reload(): void;
  /** Looks at the files once, and applies what has changed and come to rest. */
  look(): Promise<void>;
}

/** The settings that are applied. */
export type Live = Pick<Config, 'auth' | 'tls' | 'forward'>;

export interface SettingsParts {
  /** As it was at the start. */
  config: Config;
  /** Files from which it has read texts. */
  files: readonly string[];
  /** Reads the configuration as it is now. */
  read: () => ReadConfig;
  /** @throws Error if a file of `tls` cannot be used */
  renew: (config: Live) => void;
  logger: Pick<Logger, 'info' | 'warn' | 'error'>;
}

export function openLiveSettings({ config, files: named, read, renew, logger }: SettingsParts): LiveSettings {
  let live: Live = config;
  let files = [...named, ...filesOf(config)];
  let seen: string | undefined;
  let tried: string | undefined;

  const linesOf = async (paths: readonly string[]) => [...(await filesSeen(paths, /^/)).values()].join('\n');

  /** @returns whether the configuration is applied */
  function take(): boolean {
    const { config: next, problems, files: namedNow } = read();
    files = [...namedNow, ...filesOf(next ?? live)];
    const wrong = next === undefined ? problems : whyNot(next);
    if (next !== undefined && wrong.length === 0) {
      warnOfOthers(next);
      live = liveOf(next);
      return true;
    }
    logger.error(
      { problems: wrong },
      `The changed settings are not applied, and credentials and certificates stay as they were. Fix this, or undo ` +
        `the change; no restart is needed:\n${wrong.join('\n')}`,
    );
    return false;
  }

  /** Credentials that are asked for are asked for until a restart. */
  function liveOf({ auth, tls, forward }: Live): Live {
    const asked = forward && {
      ...forward,
      sharedKey: forward.sharedKey ?? live.forward?.sharedKey,
      users: forward.users ?? live.forward?.users,
    };
    return { auth: auth ?? live.auth, tls: live.tls && tls, forward: live.forward && (asked ?? live.forward) };
  }

  function whyNot(next: Config): string[] {
    try {
      renew(liveOf(next));
      return [];
    } catch (error) {
      return [(error as Error).message];
    }
  }

  function warnOfOthers(next: Config): void {
    const { sharedKey, users } = live.forward ?? {};
    const before = { ...config, auth: live.auth, forward: config.forward && { ...config.forward, sharedKey, users } };
    const others = Object.keys({ ...before, ...next }).filter((key) => !isTaken(key, before, next));
    if (others.length > 0) logger.warn({ settings: others }, `These settings need a restart: ${others.join(', ')}`);
  }

  return {
    reload() {
      if (take()) logger.info('Reloaded the settings, as requested');
    },
    async look() {
      const now = await linesOf(files);
      const isAtRest = now === seen;
      seen = now;
      tried ??= now;
      if (!isAtRest || now === tried) return;
      tried = now;
      if (take()) logger.info({ files }, 'Reloaded changed credentials and certificates');
    },
  };
}

function filesOf({ tls, forward }: Live): string[] {
  return [tls, forward?.tls].flatMap((one) =>
    one === undefined ? [] : [one.cert, one.key, one.clientCa ?? []].flat(),
  );
}

/** Whether a setting is the same, or is applied. */
function isTaken(key: string, before: Config, after: Config): boolean {
  if (key === 'auth') return after.auth !== undefined || before.auth === undefined;
  if (key === 'tls') return isDeepStrictEqual(fixedOf(before), fixedOf(after));
  if (key === 'forward') return isForwardTaken(before.forward, after.forward);
  return isDeepStrictEqual(before[key as keyof Config], after[key as keyof Config]);
}

/** The parts of `tls` that stay as they were when the listener was opened. */
function fixedOf({ tls }: Config): unknown {
  return tls && [tls.requireClientCertificate, tls.clientCa === undefined];
}

function isForwardTaken(before: Config['forward'], after: Config['forward']): boolean {
  if (before === undefined || after === undefined) return before === after;
  const fixed = ({ sharedKey, users, tls, ...others }: ForwardInput) => [
    others,
    tls === undefined,
    tls?.clientCa === undefined,
  ];
  const isLost = (secret: 'sharedKey' | 'users') => before[secret] !== undefined && after[secret] === undefined;
  return isDeepStrictEqual(fixed(before), fixed(after)) && !isLost('sharedKey') && !isLost('users');
}

/** Looks repeatedly until aborted. */
export async function keepSettings(settings: LiveSettings, logger: Logger, signal: AbortSignal): Promise<void> {
  const rest = () => sleep(lookMilliseconds, true, { signal, ref: false }).catch(() => false);
  do {
    await settings.look().catch((error) => logger.error({ err: error }, 'Looking for changed settings failed'));
  } while (await rest());
}
