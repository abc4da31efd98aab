/** Cuts a tagged batch into messages of the Fluent Forward protocol, each below a size and each complete in itself. */
import { randomBytes } from 'node:crypto';
import type { TaggedBatch } from '../../batch/tagged-batch.ts';
import { encode } from '../../msgpack/encode.ts';
import { entryOf } from './entry/index.ts';

/** One message `[tag, entries, options]`, and which records of the batch it carries. */
export interface Frame {
  bytes: Uint8Array;
  /** Id that the receiver acknowledges it by; undefined where no acknowledgement is asked for. */
  chunk: string | undefined;
  /** Half-open range of indexes into the batch's records. */
  from: number;
  to: number;
  /** A single record beyond the limit, which a receiver with default settings refuses. */
  isOversize: boolean;
}

export interface FrameOptions {
  /** As sent. */
  fluentTag: string;
  /** `forward`: entries as an array, each checked by the receiver; `packed`: as one `bin`, taken as it is. */
  mode: 'forward' | 'packed';
  askAcknowledgement: boolean;
  maxFrameBytes: number;
}

/** Tells of a record, by index, that the receiver has it already. */
export type IsDelivered = (index: number) => boolean;

/** What a message holds besides tag and entries, at most: headers of array, entries and options, and the options. */
const ENVELOPE_BYTES = 96;

/** Ends an OpenTelemetry group in Fluent Bit's log events: `[[EventTime(-2), {}], {}]`. */
const GROUP_END = Buffer.from('9292d700fffffffe000000008080', 'hex');
const GROUP_START_TIME = Buffer.from('d700ffffffff', 'hex');

/** The messages that carry the records of a batch, in order. Where one ends inside an OpenTelemetry group it closes the
 * group and the next opens it again: whatever other sender's records the receiver takes in between, or if it loses one,
 * no record comes under a group that is not its own. */
export function frames(batch: TaggedBatch, options: FrameOptions, isDelivered: IsDelivered): Frame[] {
  const fluentTag = encode(options.fluentTag);
  const maxEntryBytes = options.maxFrameBytes - ENVELOPE_BYTES - fluentTag.length;
  const finished: Frame[] = [];
  let groupStart: Uint8Array | undefined;
  let entries: Uint8Array[] = [];
  let bytes = 0;
  let records = 0;
  let from = 0;

  const push = (entry: Uint8Array) => {
    entries.push(entry);
    bytes += entry.length;
  };
  const cut = (to: number) => {
    if (records > 0) {
      if (groupStart !== undefined) push(GROUP_END);
      const chunk = options.askAcknowledgement ? randomBytes(18).toString('base64') : undefined;
      const message = encodeMessage(fluentTag, entries, options.mode, chunk);
      finished.push({ bytes: message, chunk, from, to, isOversize: bytes > maxEntryBytes });
    }
    entries = [];
    bytes = records = 0;
    if (groupStart !== undefined) push(groupStart);
    from = to;
  };

  batch.records.forEach((record, index) => {
    if (record.kind !== 'group' && isDelivered(index)) {
      cut(index);
      from = index + 1;
      return;
    }
    const entry = entryOf(batch, index);
    if (record.kind === 'group') {
      push(entry);
      groupStart = isGroupStart(entry) ? entry : undefined;
      return;
    }
    const groupEndBytes = groupStart === undefined ? 0 : GROUP_END.length;
    // A start that fills half a message would come again with each record or two: it costs no more than the records do.
    const limit = Math.max(maxEntryBytes, 2 * (groupStart?.length ?? 0));
    if (bytes + entry.length + groupEndBytes > limit) cut(index);
    push(entry);
    records++;
  });
  cut(batch.records.length);
  return finished;
}

function isGroupStart(entry: Uint8Array): boolean {
  return Buffer.from(entry.buffer, entry.byteOffset, Math.min(entry.length, 16)).includes(GROUP_START_TIME);
}

function encodeMessage(
  fluentTag: Uint8Array,
  entries: readonly Uint8Array[],
  mode: FrameOptions['mode'],
  chunk: string | undefined,
): Uint8Array {
  const header = Buffer.allocUnsafe(5);
  switch (mode) {
    case 'forward':
      header[0] = 0xdd; // array 32
      header.writeUInt32BE(entries.length, 1);
      break;
    case 'packed':
      header[0] = 0xc6; // bin 32
      header.writeUInt32BE(
        entries.reduce((sum, { length }) => sum + length, 0),
        1,
      );
      break;
  }
  const size = entries.length;
  const options = encode(chunk === undefined ? { size } : { chunk, size });
  return Buffer.concat([Buffer.of(0x93), fluentTag, header, ...entries, options]);
}
