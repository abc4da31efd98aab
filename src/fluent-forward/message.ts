/**
 * The messages of Fluent Forward that carry records, in all of its modes.
 * @see https://github.com/fluent/fluentd/wiki/Forward-Protocol-Specification-v1
 */
import { headerAt, pairs } from '../msgpack/scan.ts';
import { Problem } from '../problem.ts';
import type { Span } from '../record.ts';
import { textOf } from './items.ts';

/** A message without the bytes of its records. */
export interface Message {
  /** As it came, except for what is not UTF-8. */
  tag: string;
  /** How its log events are laid out in its bytes.
   * `together`: one after another, as the items of an array (mode Forward) or as the content of a bin or str (PackedForward);
   * `apart`: the parts of one (mode Message). */
  events: { kind: 'together'; span: Span } | { kind: 'apart'; time: Span; record: Span; metadata: Span | undefined };
  /** How they are compressed: a name as in Content-Encoding; undefined if they are not. */
  compressed: string | undefined;
  /** The MessagePack of the id that the sender wants to be acknowledged; undefined if it waits for nothing. */
  chunk: Uint8Array | undefined;
  /** What Fluent Bit sends beside logs: 1 metrics, 2 traces, and so on; 0 are logs. */
  signal: number;
}

/** A chunk of Fluent Bit has 24 characters, and it reads no acknowledgement of more than 511 bytes. */
const MOST_CHUNK_BYTES = 480;
/** The options include the metadata of a record. */
const MOST_OPTION_BYTES = 1024 * 1024;
/** As much as an HTTP header may hold. */
const MOST_TAG_BYTES = 60_000;

/** Reads all but the records.
 * @param bytes one whole value
 * @param items of it; none if it is not an array
 * @throws Problem `body.unreadable` */
export function readMessage(bytes: Uint8Array, items: readonly Span[]): Message {
  const [tagItem, second, ...rest] = items;
  const isLong = tagItem !== undefined && tagItem.end - tagItem.start > MOST_TAG_BYTES;
  const tag = isLong ? undefined : textOf(bytes, tagItem);
  if (tag === undefined || second === undefined) {
    throw unreadable(`a tag of ${MOST_TAG_BYTES} bytes at most, and then its records`);
  }
  const kind = headerAt(bytes, second.start, second.end)?.kind;
  const isTogether = kind === 'array' || kind === 'bin' || kind === 'str';
  const [record, optionsItem] = isTogether ? [undefined, rest[0]] : rest;
  const options = optionsOf(bytes, optionsItem);
  const common = { tag: tag.toString(), chunk: options.chunk, signal: options.signal };
  if (isTogether) {
    const span = { start: headerAt(bytes, second.start, second.end)!.end, end: second.end };
    return {
      ...common,
      events: { kind: 'together', span },
      compressed: kind === 'array' || options.compressed === 'text' ? undefined : options.compressed,
    };
  }
  if (record === undefined) throw unreadable('a record, as after its time');
  return {
    ...common,
    events: { kind: 'apart', time: second, record, metadata: options.metadata },
    compressed: undefined,
  };
}

/** The log events of a message, one after another, each with the bytes that it came with. They are moved within the memory
 * of the message, which this consumes; if a message has metadata beside its record, they are built anew. */
export function eventsOf(bytes: Uint8Array<ArrayBuffer>, { events }: Message): Uint8Array<ArrayBuffer> {
  if (events.kind === 'together') return movedToStart(bytes, events.span);
  const { time, record, metadata } = events;
  if (metadata === undefined) {
    // Replaces the last byte of the tag.
    const start = time.start - 1;
    bytes[start] = ARRAY_OF_TWO;
    return movedToStart(bytes, { start, end: record.end });
  }
  const parts = [time, metadata, record].map(({ start, end }) => bytes.subarray(start, end));
  const event = new Uint8Array(2 + parts.reduce((sum, { length }) => sum + length, 0));
  event.set([ARRAY_OF_TWO, ARRAY_OF_TWO]);
  let at = 2;
  for (const part of parts) {
    event.set(part, at);
    at += part.length;
  }
  return event;
}

/** The answer that says that all records of a message are safe. */
export function acknowledgement(chunk: Uint8Array): Uint8Array {
  return Buffer.concat([ACK, chunk]);
}

const ARRAY_OF_TWO = 0x92;
/** A map of one member, and its key. */
const ACK = Buffer.from('81a361636b', 'hex');

function movedToStart(bytes: Uint8Array<ArrayBuffer>, { start, end }: Span): Uint8Array<ArrayBuffer> {
  bytes.copyWithin(0, start, end);
  return new Uint8Array(bytes.buffer.transfer(end - start));
}

interface Options extends Pick<Message, 'chunk' | 'signal' | 'compressed'> {
  metadata: Span | undefined;
}

/** Only the first member of each name counts, and one that cannot be used counts as none. */
function optionsOf(bytes: Uint8Array, item: Span | undefined): Options {
  const header = item && headerAt(bytes, item.start, item.end);
  if (item !== undefined && item.end - item.start > MOST_OPTION_BYTES) {
    throw unreadable(`options of ${MOST_OPTION_BYTES} bytes at most`);
  }
  if (item === undefined || header?.kind !== 'map') {
    return { chunk: undefined, signal: 0, compressed: undefined, metadata: undefined };
  }
  const member = (name: string): Span | undefined => {
    const pair = pairs(bytes, item.start, item.end, name).at(0);
    return pair && { start: pair.valueStart, end: pair.end };
  };
  const chunk = member('chunk');
  const chunkText = textOf(bytes, chunk);
  if (chunkText !== undefined && chunkText.length > MOST_CHUNK_BYTES) {
    throw unreadable(`a chunk of ${MOST_CHUNK_BYTES} bytes at most`);
  }
  const signal = member('fluent_signal');
  const metadata = member('metadata');
  const isMap = metadata && headerAt(bytes, metadata.start, metadata.end)?.kind === 'map';
  return {
    chunk: chunkText && bytes.slice(chunk!.start, chunk!.end),
    signal: signal === undefined ? 0 : smallInteger(bytes, signal),
    compressed: textOf(bytes, member('compressed'))?.toString().slice(0, 40),
    metadata: isMap ? metadata : undefined,
  };
}

/** An integer below 128, as Fluent Bit writes it or in a wider form; for others, the last byte. */
function smallInteger(bytes: Uint8Array, { end }: Span): number {
  return bytes[end - 1]!;
}

function unreadable(expected: string): Problem {
  return new Problem('body.unreadable', `a message of the forward protocol: expected ${expected}`);
}
