/** A sink that posts the records of a batch to a server, in one request or in several. */
import { setTimeout as sleep } from 'node:timers/promises';
import { selected } from '../../batch/selected.ts';
import type { TaggedBatch } from '../../batch/tagged-batch.ts';
import { Problem } from '../../problem.ts';
import { backoff } from '../retry/backoff.ts';
import { openCircuit, type Pass } from '../retry/circuit.ts';
import { rateLimited } from '../retry/rate-limited.ts';
import type { DeliveryResult, Sink, SinkDependencies } from '../sink.ts';
import { type Answer, openEndpoint, type Request } from './endpoint.ts';
import { openProgress, type Progress } from './progress.ts';
import type { RequestSettings } from './settings.ts';
import type { Verdict } from './status.ts';

/** A record as it is sent. */
export interface Piece {
  /** Its place in the batch. */
  index: number;
  bytes: Uint8Array;
}

/** What became of single records of a request, by their places in it. Those that it does not name were taken. */
export interface Items {
  kind: 'items';
  refused: readonly { at: number; reason: string }[];
  /** To be sent again in a moment. */
  busy: readonly { at: number; reason: string }[];
}

/** Which of them it was, is known if these are sent apart. */
export interface Apart<P> {
  kind: 'apart';
  parts: P[][];
}

/** How a kind of server takes records. */
export interface Protocol<P extends Piece> {
  /** @param index of a record that is no group marker */
  pieceOf(batch: TaggedBatch, index: number): P;
  /** The request for some records of a batch, in order. The same records of a batch that comes again make the same one. */
  requestOf(batch: TaggedBatch, pieces: readonly P[]): Omit<Request, 'deadline'>;
  verdictOf(answer: Answer, pieces: readonly P[]): Verdict | Items | Apart<P>;
}

export interface PostingSettings extends RequestSettings {
  name: string;
  /** Bytes of records in one request; one that is larger goes alone. */
  maxRequestBytes: number;
}

/** How often a batch is cut in two, mostly to find a record that is refused: one among thousands takes some twelve. */
const MAX_CUTS = 48;
/** Bytes of a request below which it is not made smaller for one that was too large. */
const LEAST_REQUEST_BYTES = 64 * 1024;
/** How often records are sent again of which the receiver says that it is busy. */
const MAX_REPEATS = 5;

/** A sink of which the settings say where, and the protocol how.
 *
 * Delivery is at least once. A batch goes in requests one after another; when one of these fails, the batch fails, and those
 * that were taken are left out when its sender repeats it, as long as this process lives.
 *
 * A request that is too large for the receiver is cut in two, and so is one that it refuses, until the record is found that it
 * will never take. Such records are kept as a dead letter when all others of the batch are in. Without a place for dead letters
 * the batch fails by `sink.refused`, and so it does while the receiver has never taken anything: then rather a setting is
 * wrong than a record. */
export async function openPosting<P extends Piece>(
  settings: PostingSettings,
  protocol: Protocol<P>,
  { logger, onRetry, onDown, deadLetters }: SinkDependencies,
): Promise<Sink> {
  const { name, timeoutSeconds } = settings;
  const endpoint = await openEndpoint(settings, `sink ${name}`, logger);
  const receiver = `sink ${name}: ${endpoint.address}`;
  const circuit = openCircuit({ receiver, logger, onChange: (isDown) => onDown(name, isDown) });
  const progress = openProgress();
  const underWay = new Set<Promise<DeliveryResult>>();
  const warnOfLetters = rateLimited(logger, 'error');
  let maxRequestBytes = settings.maxRequestBytes;
  let hasTaken = false;
  let isClosing = false;

  const unavailable = (what: string) => new Problem('sink.unavailable', `${receiver} ${what}`);

  async function send(batch: TaggedBatch, records: number): Promise<DeliveryResult> {
    const pass = circuit.admit();
    if (typeof pass === 'string') throw unavailable(pass);
    const own = progress.of(batch);
    try {
      const refused = await sendRequests(batch, own, pass);
      if (refused.length > 0) await setAside(batch, refused, own);
      progress.end(batch);
      const setAsideNow = own.count('set aside');
      return {
        kind: 'acknowledged',
        records: records - setAsideNow,
        ...(setAsideNow > 0 && { setAside: setAsideNow }),
      };
    } catch (error) {
      progress.keep(batch, own);
      throw error;
    } finally {
      pass.left();
    }
  }

  /** Resolves when all are in but those that are refused. */
  async function sendRequests(batch: TaggedBatch, own: Progress, pass: Pass): Promise<Refused[]> {
    const deadline = performance.now() + timeoutSeconds * 1000;
    const refused: Refused[] = [];
    const budget = { cuts: MAX_CUTS, repeats: 0 };
    let pieces: P[] = [];
    let bytes = 0;
    for (const [index, { kind }] of batch.records.entries()) {
      if (kind === 'group' || own.isSettled(index)) continue;
      const piece = protocol.pieceOf(batch, index);
      if (pieces.length > 0 && bytes + piece.bytes.length > maxRequestBytes) {
        await sendPieces(pieces);
        [pieces, bytes] = [[], 0];
      }
      pieces.push(piece);
      bytes += piece.bytes.length;
    }
    if (pieces.length > 0) await sendPieces(pieces);
    return refused;

    async function sendPieces(all: P[]): Promise<void> {
      const waiting: P[][] = [all];
      for (let some = waiting.shift(); some !== undefined; some = waiting.shift()) {
        const request = protocol.requestOf(batch, some);
        const verdict = protocol.verdictOf(await endpoint.post({ ...request, deadline }), some);
        switch (verdict.kind) {
          case 'taken':
            taken(some, pass, own);
            break;
          case 'unavailable':
            pass.failed(verdict.reason, verdict.pauseMilliseconds);
            throw unavailable(`${verdict.reason}, with ${some.length} records not acknowledged`);
          case 'too_large':
            if (some.length === 1) {
              refused.push({ piece: some[0]!, reason: verdict.reason });
              break;
            }
            if (budget.cuts-- <= 0) throw unavailable(`${verdict.reason}; set maxRequestBytes to what it takes`);
            // What comes later need not find that out again.
            maxRequestBytes = Math.min(maxRequestBytes, Math.max(LEAST_REQUEST_BYTES, sizeOf(some) / 2));
            waiting.unshift(...halves(some));
            break;
          case 'refused':
            if (some.length > 1 && budget.cuts-- > 0) waiting.unshift(...halves(some));
            else refused.push(...some.map((piece) => ({ piece, reason: verdict.reason })));
            break;
          case 'apart':
            waiting.unshift(...verdict.parts);
            break;
          case 'items': {
            const busy = new Map(verdict.busy.map(({ at, reason }) => [at, reason]));
            const no = new Map(verdict.refused.map(({ at, reason }) => [at, reason]));
            refused.push(...[...no].map(([at, reason]) => ({ piece: some![at]!, reason })));
            const arrived = some.filter((_, at) => !busy.has(at) && !no.has(at));
            if (arrived.length > 0) taken(arrived, pass, own);
            if (busy.size === 0) break;
            const left = some.filter((_, at) => busy.has(at));
            const [reason] = busy.values();
            await rest(++budget.repeats, reason!, left.length, deadline, pass);
            waiting.unshift(left);
          }
        }
      }
    }
  }

  function taken(pieces: readonly P[], pass: Pass, own: Progress): void {
    hasTaken = true;
    pass.succeeded();
    for (const { index } of pieces) own.settle(index, 'arrived');
  }

  /** Waits before records are sent again. */
  async function rest(repeat: number, reason: string, left: number, deadline: number, pass: Pass): Promise<void> {
    const pause = backoff(repeat + 1);
    if (repeat > MAX_REPEATS || isClosing || performance.now() + pause > deadline) {
      pass.failed(reason);
      throw unavailable(`${reason}, with ${left} records not acknowledged`);
    }
    onRetry(name);
    await sleep(pause);
  }

  async function setAside(batch: TaggedBatch, refused: readonly Refused[], own: Progress): Promise<void> {
    const [{ reason }] = refused as [Refused];
    const what = `${reason}, given ${refused.length} of ${batch.records.length} records`;
    if (deadLetters === undefined || !hasTaken) {
      const why = hasTaken
        ? 'set deadLetterPath, so that they are kept there and hold up no others'
        : 'it has taken nothing yet: are the settings right?';
      throw new Problem('sink.refused', `${receiver} ${what}; ${why}`);
    }
    const indexes = new Set(refused.map(({ piece: { index } }) => index));
    const problem = new Problem('sink.refused', `${receiver} ${what}`);
    const { fluentTag, codec, bytes } = selected(batch, (index) => indexes.has(index))!;
    const headers = { 'content-type': codec.mediaTypes[0]! };
    const kept = await deadLetters
      .keep(bytes, { problem, headers, sink: name, ...(fluentTag !== undefined && { fluentTag }) })
      .catch((error: Error) => {
        throw new Problem('sink.refused', `${receiver} ${what}; they cannot be kept: ${error.message}`);
      });
    for (const index of indexes) own.settle(index, 'set aside');
    warnOfLetters(
      { sink: name, records: indexes.size, kept },
      `Records are kept as a dead letter: ${receiver} ${what}`,
    );
  }

  interface Refused {
    piece: P;
    reason: string;
  }

  return {
    name,
    refusal() {
      const reason = circuit.refusal();
      return reason && `${receiver} ${reason}`;
    },
    async deliver(batch) {
      const records = batch.records.filter(({ kind }) => kind !== 'group').length;
      if (records === 0) return { kind: 'acknowledged', records };
      if (isClosing) throw unavailable('is not sent to any more: Tripline is stopping');
      const delivery = send(batch, records);
      underWay.add(delivery);
      return delivery.finally(() => underWay.delete(delivery));
    },
    async close() {
      isClosing = true;
      await Promise.allSettled(underWay);
      endpoint.close();
    },
  };
}

function halves<T>(all: readonly T[]): [T[], T[]] {
  const middle = Math.ceil(all.length / 2);
  return [all.slice(0, middle), all.slice(middle)];
}

const sizeOf = (pieces: readonly Piece[]) => pieces.reduce((sum, { bytes }) => sum + bytes.length, 0);
