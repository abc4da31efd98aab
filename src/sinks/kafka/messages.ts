/** What is written of a record: a message with its tag, one for each finding, or a dead letter. */
import { taggedRecord } from '../../batch/splice.ts';
import { tagOf } from '../../batch/tag-of.ts';
import type { TaggedBatch } from '../../batch/tagged-batch.ts';
import { logEventAt } from '../../codecs/fluent/log-event.ts';
import { positionOf } from '../../codecs/framing/messages.ts';
import { messageOf } from '../../codecs/messages.ts';
import type { LogRecord } from '../../record.ts';
import { jsonOf } from '../encode/json.ts';
import { entryOf } from '../encode/log-event/index.ts';
import { openRows } from '../rows/rows.ts';
import type { SinkDependencies } from '../sink.ts';
import type { KafkaConfig } from './settings.ts';

export interface Message {
  topic: string;
  key?: Buffer;
  value: Buffer;
  headers?: Map<Buffer, Buffer>;
}

/** The most that a record needs in a batch of the protocol besides its key, value and headers, and what a header needs. */
const FRAME_BYTES = 40;
const HEADER_FRAME_BYTES = 6;

/** Bytes that a message needs, before compression. */
export function bytesOf({ key, value, headers }: Message): number {
  let bytes = FRAME_BYTES + value.length + (key?.length ?? 0);
  for (const [name, text] of headers ?? []) bytes += HEADER_FRAME_BYTES + name.length + text.length;
  return bytes;
}

/** @param index of a record that is no group marker */
export type MessagesOf = (batch: TaggedBatch, index: number) => Message[];

export async function openMessages(
  { topic, format, key, findings, deadLetterTopic }: KafkaConfig,
  dependencies: SinkDependencies,
): Promise<MessagesOf> {
  const rowsOf = findings && (await openRows({ rows: findings.form }, dependencies));
  const keys = new Map<string, Buffer>();

  function keyOf(batch: TaggedBatch, index: number): { key?: Buffer } {
    const cluster = key === 'cluster' ? tagOf(batch, index)?.cluster : undefined;
    if (cluster === undefined) return {};
    let bytes = keys.get(cluster);
    if (bytes === undefined) {
      // Senders can use any number of names.
      if (keys.size >= MOST_KEYS) keys.clear();
      keys.set(cluster, (bytes = Buffer.from(cluster)));
    }
    return { key: bytes };
  }

  return (batch, index) => {
    const record = batch.records[index]!;
    if (record.kind === 'other') return [deadLetter(batch, record, deadLetterTopic ?? topic)];
    const own = keyOf(batch, index);
    const messages: Message[] = [{ topic, ...own, value: encoders[format](batch, index) }];
    for (const { json } of rowsOf?.(batch, index) ?? []) {
      messages.push({ topic: findings!.topic, ...own, value: bufferOf(json) });
    }
    return messages;
  };
}

const MOST_KEYS = 10_000;

const encoders: Record<KafkaConfig['format'], (batch: TaggedBatch, index: number) => Buffer> = {
  // JSON is passed through unchanged: a message may contain line feeds.
  json: (batch, index) =>
    bufferOf(batch.codec.notation === 'json' ? taggedRecord(batch, index).bytes : jsonOf(batch, index)),
  msgpack(batch, index) {
    const entry = entryOf(batch, index);
    const { body } = logEventAt(entry, { start: 0, end: entry.length })!;
    return bufferOf(entry.subarray(body.start, body.end));
  },
};

function deadLetter(batch: TaggedBatch, record: Extract<LogRecord, { kind: 'other' }>, topic: string): Message {
  const { bytes, origin } = batch;
  const { code, message } = record.problem;
  const about: Record<string, string> = { 'tripline-code': code, 'tripline-detail': message };
  if (origin !== undefined) {
    const { partition, offset } = positionOf(bytes, record);
    about['tripline-topic'] = origin.topic;
    about['tripline-partition'] = String(partition);
    about['tripline-offset'] = String(offset);
  }
  const headers = new Map(Object.entries(about).map(([name, text]) => [Buffer.from(name), Buffer.from(text)]));
  return { topic, value: bufferOf(messageOf(batch, record) ?? bytes.subarray(record.start, record.end)), headers };
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}
