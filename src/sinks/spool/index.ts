/** A sink fed from a log on disk: a batch is accepted once it is written there, and is sent from there in order. */
import * as system from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { Problem } from '../../problem.ts';
import type { Files } from '../disk/files.ts';
import { backoff } from '../retry/backoff.ts';
import { rateLimited } from '../retry/rate-limited.ts';
import { countsOf, type DeliveryResult, type Sink, type SinkDependencies, type SpoolLevel } from '../sink.ts';
import { batchFrom, entryFrom } from './entry.ts';
import type { Amiss, Reason } from './folder.ts';
import type { EntryHead } from './format.ts';
import { type Next, openLog, SpoolRefusal } from './log.ts';
import type { SpoolSettings } from './settings.ts';

const SMALLEST_SEGMENT = 1024 * 1024;
const LARGEST_SEGMENT = 64 * 1024 * 1024;
const amissMessages: Record<Amiss['kind'], { level: 'warn' | 'error'; message: string }> = {
  torn: {
    level: 'warn',
    message:
      'The end of a spool was cut: it was being written when the process stopped, and its sender was not answered',
  },
  foreign: {
    level: 'error',
    message:
      'This version cannot read a segment of a spool, which was set aside: let the version that wrote it send it',
  },
  cursor: {
    level: 'warn',
    message: 'The cursor of a spool cannot be read: all its entries are sent, some of them again',
  },
};

/** How often delivery of a batch may fail for a reason other than that the receiver is down: others wait for it, and whoever
 * can write a record must not be able to block what comes after it. */
const MOST_REFUSALS = 5;
/** How often the time that the first batch has waited is reported. */
const LEVEL_INTERVAL_MILLISECONDS = 10_000;
/** How long a stop waits for the batch that is being sent. */
const CLOSE_MILLISECONDS = 1_000;
/** How often, at most, to check whether an operator has freed space. */
const LOOK_INTERVAL_MILLISECONDS = 1_000;

/** Puts a spool before a sink. Delivery is at least once: what was sent just before a crash is sent again. One batch is sent
 * at a time, in the order in which they were accepted; while the receiver is down, the first holds up those after it. One that
 * the receiver refuses while it is up is set aside.
 * @throws Error if the folder cannot be used */
export async function openSpool(
  sink: Sink,
  { path, maxBytes, maxAgeSeconds }: SpoolSettings,
  { logger, onRetry, onSettled, onSpool }: SinkDependencies,
  files: Files = system,
): Promise<Sink> {
  const { name } = sink;
  const segmentBytes = Math.min(LARGEST_SEGMENT, Math.max(SMALLEST_SEGMENT, maxBytes / 16));
  const restored = ({ fluentTag, records }: EntryHead) => onSettled(name, 'restored', fluentTag, records);
  const log = await openLog({ path, maxBytes, segmentBytes, files, report: reportAmiss, restored });
  const closing = new AbortController();
  const tellSetAside = rateLimited(logger, 'error');
  const tellStuck = rateLimited(logger, 'error');
  let fault: SpoolLevel['fault'];
  let wake = Promise.withResolvers<void>();
  let lookedAt = 0;
  let refusals = 0;

  function reportAmiss(amiss: Amiss): void {
    const { level, message } = amissMessages[amiss.kind];
    logger[level]({ sink: name, ...amiss }, message);
  }

  function tellLevel(): void {
    const { bytes, entries, oldest, setAside } = log;
    const oldestSeconds = oldest === undefined ? 0 : Math.max(0, (Date.now() - oldest) / 1000);
    onSpool(name, { bytes, entries, oldestSeconds, setAsideBytes: setAside.bytes, ...(fault && { fault }) });
  }

  function noteTrouble(kind: 'full' | 'failing', why: string): void {
    if (kind === fault?.kind) return;
    fault = { kind, since: fault?.since ?? new Date() };
    logger.error({ sink: name, path }, `The spool accepts no batches, and senders are asked to retry: it ${why}`);
    tellLevel();
  }

  /** A full spool counts as full until a whole segment fits again, so that its state does not change with each batch. */
  function endFault(): void {
    if (fault === undefined || (fault.kind === 'full' && log.refusal(segmentBytes) !== undefined)) return;
    logger.info({ sink: name, path, since: fault.since }, 'The spool accepts batches again');
    fault = undefined;
  }

  const unavailable = (why: string) => `sink ${name}: its spool ${path} ${why}`;

  async function deliver(batch: Parameters<Sink['deliver']>[0]): Promise<DeliveryResult> {
    const now = Date.now();
    const { records, ...entry } = entryFrom(batch, now);
    if (records === 0) return { kind: 'acknowledged', records };
    try {
      const outcome = await log.append(entry, now);
      if (outcome === 'repeated') return { kind: 'repeated', records };
      endFault();
    } catch (error) {
      if (!(error instanceof SpoolRefusal)) throw error;
      if (!closing.signal.aborted) noteTrouble(error.kind, error.message);
      throw new Problem('sink.unavailable', unavailable(error.message), { cause: error });
    }
    wake.resolve();
    tellLevel();
    return { kind: 'spooled', records };
  }

  /** Sends what is in the spool, and what is added, until the spool is closed. */
  async function drain(): Promise<void> {
    let failures = 0;
    let next: Next | undefined;
    while (!closing.signal.aborted) {
      try {
        wake = Promise.withResolvers();
        next ??= await log.next();
        if (next === undefined) {
          tellLevel();
          await wake.promise;
          continue;
        }
        await dealWith(next);
        next = undefined;
        failures = 0;
        refusals = 0;
        if (fault?.kind === 'full') endFault();
        tellLevel();
      } catch (error) {
        failures++;
        if (!(error instanceof Problem)) {
          tellStuck({ sink: name, err: error }, 'The next batch of a spool cannot be processed, and is retried');
        }
        await sleep(backoff(failures), undefined, { signal: closing.signal }).catch(() => {});
        if (!closing.signal.aborted) onRetry(name);
      }
    }
  }

  async function dealWith(next: Next): Promise<void> {
    if (next.kind === 'corrupt') return putAside(next, 'corrupt', next.reason);
    const { head, rest } = next;
    if (head.time + maxAgeSeconds * 1000 < Date.now()) {
      return putAside(next, 'expired', `it has waited for more than ${maxAgeSeconds} s`);
    }
    let batch: Parameters<Sink['deliver']>[0];
    try {
      batch = batchFrom(head, rest);
    } catch (error) {
      return putAside(next, 'unreadable', (error as Error).message);
    }
    let result: DeliveryResult;
    try {
      result = await sink.deliver(batch);
    } catch (error) {
      const isDown = error instanceof Problem && error.code === 'sink.unavailable';
      if (isDown || ++refusals < MOST_REFUSALS) throw error;
      return putAside(next, 'refused', (error as Error).message);
    }
    await log.advance(next);
    for (const [kind, count] of countsOf(result)) onSettled(name, kind, head.fluentTag, count);
  }

  async function putAside(next: Next, why: Reason, reason: string): Promise<void> {
    const movedTo = await log.putAside(next, why);
    // If bytes on disk have changed, the number of records in them may be unknown.
    const { fluentTag, records = 0 } = next.head ?? {};
    onSettled(name, 'set_aside', fluentTag, records);
    tellSetAside(
      { sink: name, records, movedTo, reason },
      `A batch of a spool was set aside and is not sent: ${reason}`,
    );
  }

  if (log.entries > 0)
    logger.info({ sink: name, path, batches: log.entries }, 'The spool sends the batches that it has from before');
  tellLevel();
  const levels = setInterval(tellLevel, LEVEL_INTERVAL_MILLISECONDS).unref();
  const drained = drain();

  return {
    name,
    refusal(bytes) {
      const full = log.refusal(bytes);
      if (full === undefined) return undefined;
      if (performance.now() - lookedAt > LOOK_INTERVAL_MILLISECONDS) {
        lookedAt = performance.now();
        void log.measureSetAside();
      }
      noteTrouble('full', full.message);
      return unavailable(full.message);
    },
    deliver,
    async close() {
      closing.abort();
      wake.resolve();
      clearInterval(levels);
      const isDone = await Promise.race([drained.then(() => true), sleep(CLOSE_MILLISECONDS, false, { ref: false })]);
      await log.close();
      const closed = sink.close();
      // A batch that is being sent stays on disk until it is acknowledged, and is sent again.
      if (isDone) await closed;
    },
  };
}
