/** Cuts a tagged batch into messages of the Fluent Forward protocol, each below a size and each complete in itself. */
import { randomBytes } from 'node:crypto';
import { applyEdits, lengthAfter } from '../../batch/splice.ts';
import type { TaggedBatch } from '../../batch/tagged-batch.ts';
import type { Edit } from '../../codecs/codec.ts';
import { isGroupStart } from '../../codecs/fluent/log-event.ts';
import { encode } from '../../msgpack/encode.ts';
import { addEntryEdits } from '../encode/log-event/index.ts';

/** One message `[tag, entries, options]`, and which records of the batch it carries. */
export interface Frame {
  bytes: Uint8Array;
  /** Id by which the receiver acknowledges it; undefined if no acknowledgement is requested. */
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
  /** `forward`: entries as an array, each checked by the receiver; `packed`: as one `bin`, accepted as it is. */
  mode: 'forward' | 'packed';
  askAcknowledgement: boolean;
  maxFrameBytes: number;
}

/** Whether the receiver already has a record, by its index. */
export type IsDelivered = (index: number) => boolean;

/** The most that a message holds besides tag and entries: headers of array, entries and options, and the options. */
const ENVELOPE_BYTES = 96;

/** Fluent Bit closes the connection on a message of more than 64 levels, and again when it is repeated. Three of them belong
 * to the message. */
const MAX_RECORD_DEPTH = 61;

/** Ends an OpenTelemetry group in Fluent Bit's log events: `[[EventTime(-2), {}], {}]`. */
const GROUP_END = Buffer.from('9292d700fffffffe000000008080', 'hex');

/** The messages that carry the records of a batch, in order, each made on demand. A message that ends inside an OpenTelemetry
 * group closes the group, and the next opens it again: whatever records of other senders the receiver accepts in between, or
 * if it loses a message, no record ends up in a group that is not its own. */
export function* frames(batch: TaggedBatch, options: FrameOptions, isDelivered: IsDelivered): Generator<Frame, void> {
  const { bytes, records } = batch;
  const fluentTag = encode(options.fluentTag);
  const maxEntryBytes = options.maxFrameBytes - ENVELOPE_BYTES - fluentTag.length;
  let groupStart: Uint8Array | undefined;
  let message = begin(0);

  for (const [index, record] of records.entries()) {
    if (record.kind !== 'group' && isDelivered(index)) {
      if (message.records > 0) yield cut(index);
      message = begin(index + 1);
      continue;
    }
    const edits: Edit[] = [];
    addEntryEdits(batch, index, edits, MAX_RECORD_DEPTH);
    const length = lengthAfter(record, edits);
    if (record.kind === 'group') {
      groupStart = isGroupStart(bytes, record) ? bytes.subarray(record.start, record.end) : undefined;
    } else {
      const groupEndBytes = groupStart === undefined ? 0 : GROUP_END.length;
      // A start that fills half a message would be repeated with each record or two: here it costs no more than the records do.
      const limit = Math.max(maxEntryBytes, 2 * (groupStart?.length ?? 0));
      if (message.length + length + groupEndBytes > limit) {
        if (message.records > 0) yield cut(index);
        message = begin(index);
      }
      message.records++;
    }
    // What lies between JSON records does not belong between entries.
    if (message.end < record.start) message.edits.push({ start: message.end, end: record.start, insert: nothing });
    for (const edit of edits) message.edits.push(edit);
    message.entries++;
    message.length += length;
    message.end = record.end;
  }
  if (message.records > 0) yield cut(records.length);

  function begin(from: number): Message {
    const start = records[from]?.start ?? bytes.length;
    const begun = { from, start, end: start, edits: [], entries: 0, length: 0, records: 0 };
    if (groupStart !== undefined) insert(begun, groupStart);
    return begun;
  }

  function cut(to: number): Frame {
    if (groupStart !== undefined) insert(message, GROUP_END);
    const { from, start, end, edits, entries, length } = message;
    const chunk = options.askAcknowledgement ? randomBytes(18).toString('base64') : undefined;
    const isPacked = options.mode === 'packed';
    const head = Buffer.concat([Buffer.of(0x93), fluentTag, isPacked ? bin32(length) : array32(entries)]);
    const tail = encode(chunk === undefined ? { size: entries } : { chunk, size: entries });
    const enveloped = [{ start, end: start, insert: head }, ...edits, { start: end, end, insert: tail }];
    const whole = applyEdits(bytes, { start, end }, enveloped);
    return { bytes: whole, chunk, from, to, isOversize: length > maxEntryBytes };
  }
}

/** A message that is being built, as changes to the bytes of the batch, most of which are passed through unchanged. */
interface Message {
  /** Index of its first record. */
  from: number;
  /** The bytes that its records come from. */
  start: number;
  end: number;
  edits: Edit[];
  /** Records, and markers of groups. */
  entries: number;
  /** Bytes of the entries. */
  length: number;
  records: number;
}

const nothing = new Uint8Array();

/** Adds an entry after the existing ones. */
function insert(message: Message, entry: Uint8Array): void {
  message.edits.push({ start: message.end, end: message.end, insert: entry });
  message.entries++;
  message.length += entry.length;
}

function array32(length: number): Uint8Array {
  return header32(0xdd, length);
}

function bin32(length: number): Uint8Array {
  return header32(0xc6, length);
}

function header32(type: number, length: number): Uint8Array {
  const header = Buffer.allocUnsafe(5);
  header[0] = type;
  header.writeUInt32BE(length, 1);
  return header;
}
