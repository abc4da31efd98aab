/** A sink that posts the records of a batch to a server, in one request or in several. */

import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { countRecords } from '../../batch/count.ts';
import type { TaggedBatch } from '../../batch/tagged-batch.ts';
import { Problem } from '../../problem.ts';
import { backoff } from '../retry/backoff.ts';
import { openCircuit, type Pass } from '../retry/circuit.ts';
import { rateLimited } from '../retry/rate-limited.ts';
import { keepRefused } from '../retry/refused.ts';
import type { DeliveryResult, Sink, SinkDependencies } from '../sink.ts';
import { type Answer, openEndpoint, type Request } from './endpoint.ts';
import { openProgress, type Progress } from './progress.ts';
import type { RequestSettings } from './settings.ts';
import type { Verdict } from './status.ts';

/** A record as it is sent, or a finding on it. */
export interface Piece {
  /** The record's place in the batch. */
  index: number;
  bytes: Uint8Array;
}

/** The outcome for single records of a request, by their positions in it. All that it does not name are acknowledged. */
export interface Items {
  kind: 'items';
  refused: readonly { at: number; reason: string }[];
  /** To be sent again shortly. */
  busy: readonly { at: number; reason: string }[];
  /** Whether some of those that count as refused were accepted: the receiver does not say which. */
  isTakenInPart?: boolean;
}

/** These parts have to be sent separately to find out which records were refused. */
export interface Apart<P> {
  kind: 'apart';
  parts: P[][];
}

/** How a kind of server receives records. */
export interface Protocol<P extends Piece> {
  /** What is sent of a record: one piece, or one for each row, of which there may be none. A record has arrived when all of
   * its pieces have; if one of them is refused, the record becomes a dead letter.
   * @param index of a record that is no group marker */
  piecesOf(batch: TaggedBatch, index: number): readonly P[];
  /** The request for some records of a batch, in order. The same records of a repeated batch make the same request. */
  requestOf(batch: TaggedBatch, pieces: readonly P[]): Omit<Request, 'deadline'>;
  verdictOf(answer: Answer, pieces: readonly P[]): Verdict | Items | Apart<P>;
}

export interface PostingSettings extends RequestSettings {
  name: string;
  /** Bytes of records in one request; one that is larger goes alone. */
  maxRequestBytes: number;
}

/** How often a batch is cut in two, mostly to find a record that is refused: one among thousands needs about twelve cuts. */
const MAX_CUTS = 48;
/** Bytes of a request below which `maxRequestBytes` is not lowered when a request was too large. */
const LEAST_REQUEST_BYTES = 64 * 1024;
/** Bytes of records that are encoded before yielding to other work. */
const PAUSE_BYTES = 256 * 1024;
/** How often records are sent again if the receiver reports that it is busy. */
const MAX_REPEATS = 5;

/** A sink for which the settings define where to post, and the protocol how.
 *
 * Delivery is at least once. A batch is sent in requests one after another; if one of these fails, the batch fails, and records
 * that were acknowledged are left out when its sender repeats it, as long as this process lives.
 *
 * A request that is too large for the receiver is cut in two, and so is one that it refuses, until the record is found that it
 * will never accept. Such records are kept as a dead letter when all others of the batch have arrived. Without a place for dead
 * letters the batch fails with `sink.refused`; it also does so as long as the receiver has never acknowledged anything, since
 * then a setting is more likely to be wrong than a record. */
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
  let hasAcknowledged = false;
  let isClosing = false;

  const unavailable = (what: string) => new Problem('sink.unavailable', `${receiver} ${what}`);

  async function send(batch: TaggedBatch, records: number): Promise<DeliveryResult> {
    const refusal = circuit.refusal();
    if (refusal !== undefined) throw unavailable(refusal); // before the work of encoding
    const own = progress.of(batch);
    try {
      const refused = await sendRecords(batch, own);
      if (refused.size > 0) await setAside(batch, refused, own);
    } catch (error) {
      progress.keep(batch, own);
      throw error;
    }
    progress.end(batch);
    const inLetters = own.count('set aside');
    return { kind: 'acknowledged', records: records - inLetters, ...(inLetters > 0 && { setAside: inLetters }) };
  }

  /** Resolves when all have arrived except those that are refused, with the reasons for these. */
  async function sendRecords(batch: TaggedBatch, own: Progress): Promise<Refused> {
    const attempt: Attempt = {
      batch,
      own,
      deadline: performance.now() + timeoutSeconds * 1000,
      refused: new Map(),
      left: new Map(),
      cuts: 0,
      repeats: 0,
    };
    let pieces: P[] = [];
    let bytes = 0;
    let encoded = 0;
    for (const [index, { kind }] of batch.records.entries()) {
      if (kind === 'group' || own.isSettled(index)) continue;
      const ofRecord = protocol.piecesOf(batch, index);
      if (ofRecord.length > 1) attempt.left.set(index, ofRecord.length);
      for (const piece of ofRecord) {
        if (pieces.length > 0 && bytes + piece.bytes.length > maxRequestBytes) {
          await sendPieces(pieces, attempt);
          [pieces, bytes] = [[], 0];
        }
        pieces.push(piece);
        bytes += piece.bytes.length;
        encoded += piece.bytes.length;
      }
      if (encoded < PAUSE_BYTES) continue;
      await setImmediate();
      encoded = 0;
    }
    if (pieces.length > 0) await sendPieces(pieces, attempt);
    return attempt.refused;
  }

  async function sendPieces(all: P[], attempt: Attempt): Promise<void> {
    const waiting: P[][] = [all];
    for (let some = waiting.shift(); some !== undefined; some = waiting.shift()) {
      waiting.unshift(...(await sendRequest(some, attempt)));
    }
  }

  /** Resolves with what is to be sent next of these: nothing, or parts of them. */
  async function sendRequest(pieces: P[], attempt: Attempt): Promise<P[][]> {
    const { batch, deadline, refused } = attempt;
    const pass = circuit.admit();
    if (typeof pass === 'string') throw unavailable(pass);
    try {
      const answer = await endpoint.post({ ...protocol.requestOf(batch, pieces), deadline });
      const verdict = protocol.verdictOf(answer, pieces);
      if (verdict.kind === 'unavailable') {
        pass.failed(verdict.reason, verdict.pauseMilliseconds);
        throw unavailable(`${verdict.reason}, with ${pieces.length} records not acknowledged`);
      }
      // Any other answer shows that it is up, unless it is busy with all of them.
      if (verdict.kind !== 'items' || verdict.busy.length < pieces.length) pass.succeeded();
      switch (verdict.kind) {
        case 'taken':
          for (const { index } of pieces) take(index, attempt);
          return [];
        case 'apart':
          return verdict.parts;
        case 'too_large':
        case 'refused': {
          const isLarge = verdict.kind === 'too_large';
          if (pieces.length > 1 && attempt.cuts++ < MAX_CUTS) {
            // Later requests need not find that out again.
            const smaller = Math.max(LEAST_REQUEST_BYTES, sizeOf(pieces) / 2);
            if (isLarge) maxRequestBytes = Math.min(maxRequestBytes, smaller);
            return halves(pieces);
          }
          if (isLarge && pieces.length > 1) {
            throw unavailable(`${verdict.reason}; set maxRequestBytes to what it accepts`);
          }
          for (const { index } of pieces) refused.set(index, verdict.reason);
          return [];
        }
        case 'items': {
          hasAcknowledged ||= verdict.isTakenInPart === true;
          const busy = new Map(verdict.busy.map(({ at, reason }) => [at, reason]));
          for (const { at, reason } of verdict.refused) refused.set(pieces[at]!.index, reason);
          const isRefused = new Set(verdict.refused.map(({ at }) => at));
          for (const [at, { index }] of pieces.entries()) if (!busy.has(at) && !isRefused.has(at)) take(index, attempt);
          const [reason] = busy.values();
          if (reason === undefined) return [];
          await rest(reason, busy.size, attempt, pass);
          return [pieces.filter((_, at) => busy.has(at))];
        }
      }
    } finally {
      pass.left();
    }
  }

  function take(index: number, { left, own }: Attempt): void {
    hasAcknowledged = true;
    const others = (left.get(index) ?? 1) - 1;
    if (others > 0) left.set(index, others);
    else own.settle(index, 'arrived');
  }

  /** Waits before records are sent again. */
  async function rest(reason: string, left: number, attempt: Attempt, pass: Pass): Promise<void> {
    const pause = backoff(++attempt.repeats + 1);
    if (attempt.repeats > MAX_REPEATS || isClosing || performance.now() + pause > attempt.deadline) {
      pass.failed(reason);
      throw unavailable(`${reason}, with ${left} records not acknowledged`);
    }
    onRetry(name);
    await sleep(pause);
  }

  async function setAside(batch: TaggedBatch, refused: Refused, own: Progress): Promise<void> {
    const [reason] = refused.values();
    const what = `${receiver} ${reason}, given ${refused.size} of ${batch.records.length} records`;
    if (!hasAcknowledged) {
      throw new Problem('sink.refused', `${what}; it has acknowledged nothing yet: are the settings right?`);
    }
    const kept = await keepRefused(batch, (index) => refused.has(index), what, { sink: name, deadLetters });
    for (const index of refused.keys()) own.settle(index, 'set aside');
    const fields = { sink: name, records: refused.size, kept };
    warnOfLetters(fields, `Records are kept as a dead letter: ${what}`);
  }

  return {
    name,
    refusal() {
      const reason = circuit.refusal();
      return reason && `${receiver} ${reason}`;
    },
    async deliver(batch) {
      const records = countRecords(batch.records);
      if (records === 0) return { kind: 'acknowledged', records };
      if (isClosing) throw unavailable('gets no more records: Tripline is stopping');
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

/** Why a record is refused, by its index. */
type Refused = Map<number, string>;

/** One delivery of a batch. */
interface Attempt {
  batch: TaggedBatch;
  own: Progress;
  /** As performance.now() counts. */
  deadline: number;
  refused: Refused;
  /** How many pieces of a record are yet to arrive, if it has more than one. */
  left: Map<number, number>;
  /** How often it was cut in two to send the parts again. */
  cuts: number;
  repeats: number;
}

function halves<T>(all: readonly T[]): [T[], T[]] {
  const middle = Math.ceil(all.length / 2);
  return [all.slice(0, middle), all.slice(middle)];
}

const sizeOf = (pieces: readonly Piece[]) => pieces.reduce((sum, { bytes }) => sum + bytes.length, 0);
