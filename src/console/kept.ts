/** What the processing thread keeps for the console, and how the console's thread gets it: copies of bytes and tags. The
 * processing thread decodes none of it. */
import type { MessagePort } from 'node:worker_threads';
import type { TaggedBatch } from '../batch/tagged-batch.ts';
import type { Novelty } from '../findings/context.ts';
import { type Finding, type Level, type LogRecord, levels, type Report } from '../record.ts';
import type { Tag } from '../tag.ts';
import { type Held, type Lost, Ring } from './ring.ts';

/** A record that something was found in. */
export interface Kept extends Held {
  /** Name of the codec. */
  codec: string;
  fluentTag: string | undefined;
  receivedUnixNano: bigint;
  /** The record, in memory shared between threads, with what is needed to read it; undefined if it is too large. */
  bytes: Uint8Array | undefined;
  /** Its position in `bytes`. */
  record: LogRecord & { kind: 'map' };
  /** JSON of its tag. */
  tag: string;
  /** How new its findings are, by id, as far as it is known. */
  novelty: Readonly<Record<string, Novelty>>;
}

/** A batch as it was received, in memory shared between threads. */
export interface KeptBatch {
  codec: string;
  fluentTag: string | undefined;
  receivedUnixNano: bigint;
  bytes: Uint8Array;
}

/** What the console's thread asks for. `after` is answered once there is something, or at once if `now` is set. */
export type Pull = { kind: 'after'; seq: number; now: boolean } | { kind: 'batches' };

export type Pulled =
  /** `isAll` if there is no more at the moment. */
  { kind: 'kept'; kept: Kept[]; lost: Lost | undefined; isAll: boolean } | { kind: 'batches'; batches: KeptBatch[] };

export interface Keeper {
  /** Keeps what was found in a batch, and the batch itself if records are kept. */
  keep(batch: TaggedBatch): void;
  /** Answers the console's thread on this port, and no longer on the previous one. */
  serve(port: MessagePort): void;
}

/** Overhead of an entry apart from its texts. */
const ENTRY_BYTES = 500;
/** One record must not evict all the others: if its share of the bytes is larger, only its tag is kept. */
const LARGEST_SHARE = 1 / 8;
/** Per answer. */
const PULL_BYTES = 1024 * 1024;

export interface KeeperParts {
  maxFindingBytes: number;
  maxRecordBytes: number;
  /** How new a finding is, by its id. */
  noveltyOf?: (id: string) => Novelty | undefined;
  /** Called when a defect keeps a batch from being kept. */
  onFailure: (error: unknown) => void;
}

export function openKeeper({
  maxFindingBytes,
  maxRecordBytes,
  noveltyOf = () => undefined,
  onFailure,
}: KeeperParts): Keeper {
  const ring = new Ring<Kept>(maxFindingBytes);
  const batches: KeptBatch[] = [];
  let batchBytes = 0;
  let seq = 0;
  let waiting: { port: MessagePort; after: number; now: boolean } | undefined;
  let served: MessagePort | undefined;

  function answer(): void {
    if (waiting === undefined) return;
    const { port, after, now } = waiting;
    const kept = ring.after(after, PULL_BYTES);
    if (kept.length === 0 && !now) return;
    waiting = undefined;
    const isAll = (kept.at(-1)?.seq ?? seq) === seq;
    port.postMessage({ kind: 'kept', kept, lost: ring.lost, isAll } satisfies Pulled);
  }

  function keepFound({ codec, bytes, records, tags, fluentTag, receivedUnixNano }: TaggedBatch): boolean {
    let isAny = false;
    const at = Number(receivedUnixNano / 1_000_000n);
    /** Most records share one tag, which has nothing found in it. */
    let nothing: Tag | undefined;
    for (let index = 0; index < tags.length; index++) {
      const tag = tags[index];
      if (tag === undefined || tag === nothing) continue;
      const about = aboutOf(tag);
      if (about === undefined) nothing = tag;
      const record = records[index]!;
      if (about === undefined || record.kind !== 'map' || ring.has(about.key)) continue;
      const text = JSON.stringify(tag);
      const own = ENTRY_BYTES + 2 * text.length;
      const isWhole = own + record.end - record.start <= maxFindingBytes * LARGEST_SHARE;
      const selection = isWhole ? codec.select(bytes, [record]) : undefined;
      const there = selection?.records.find((one) => one.kind === 'map');
      const { start, end, map } = there ?? record;
      ring.add({
        ...{ seq: ++seq, at, ...about, codec: codec.name, fluentTag, receivedUnixNano },
        bytes: selection && shared(selection.bytes),
        record: { kind: 'map', start, end, map },
        tag: text,
        novelty: noveltyIn(tag),
        size: own + (selection?.bytes.length ?? 0),
      });
      isAny = true;
    }
    return isAny;
  }

  function noveltyIn(tag: Tag): Kept['novelty'] {
    const known = foundIn(tag).flatMap(({ id }) => {
      const novelty = noveltyOf(id);
      return novelty === undefined ? [] : [[id, novelty] as const];
    });
    return Object.fromEntries(known);
  }

  function keepBatch({ codec, bytes, fluentTag, receivedUnixNano }: TaggedBatch): void {
    if (bytes.length > maxRecordBytes) return;
    batches.push({ codec: codec.name, fluentTag, receivedUnixNano, bytes: shared(bytes) });
    batchBytes += bytes.length;
    while (batchBytes > maxRecordBytes) batchBytes -= batches.shift()!.bytes.length;
  }

  return {
    keep(batch) {
      try {
        if (maxRecordBytes > 0) keepBatch(batch);
        if (keepFound(batch)) answer();
      } catch (error) {
        // The batch is still processed.
        onFailure(error);
      }
    },
    serve(port) {
      served?.close();
      served = port;
      waiting = undefined;
      port.on('close', () => {
        if (waiting?.port === port) waiting = undefined;
      });
      port.on('message', (pull: Pull) => {
        if (pull.kind === 'batches') return port.postMessage({ kind: 'batches', batches } satisfies Pulled);
        waiting = { port, after: pull.seq, now: pull.now };
        answer();
      });
    },
  };
}

function shared(bytes: Uint8Array): Uint8Array {
  const copy = new Uint8Array(new SharedArrayBuffer(bytes.length));
  copy.set(bytes);
  return copy;
}

/** What a record with this tag is kept as; undefined if nothing was found in it. */
function aboutOf(tag: Tag): Pick<Kept, 'key' | 'class'> | undefined {
  const { findings = none, reports = none, silenced = none } = tag;
  const live = findings.length + reports.length;
  const found = live > 0 ? [...findings, ...reports] : foundIn(tag);
  if (found.length > 0) {
    const [first, last] = [found[0]!, found.at(-1)!];
    const gravest = found.reduce((most, one) => (rankOf(one) > rankOf(most) ? one : most), first);
    return {
      key: `${first.id} ${last.id} ${found.length}`,
      class: `${live > 0 ? 'live' : 'shadow'} ${gravest.rule}`,
    };
  }
  if (silenced.length === 0) return undefined;
  const { auditID, time, verb, requestURI } = tag.event ?? {};
  const key = JSON.stringify([auditID, time, verb, requestURI, silenced.map(({ rule }) => rule)]);
  return { key, class: `silenced ${silenced[0]!.rule}` };
}

/** Live findings first. */
function foundIn(tag: Tag): readonly (Finding | Report)[] {
  return [...(tag.findings ?? none), ...(tag.reports ?? none), ...(tag.shadow ?? none), ...(tag.shadowReports ?? none)];
}

const none: readonly never[] = [];

function rankOf({ level }: { level: Level }): number {
  return levels.indexOf(level);
}
