/** What identifies a record, wherever it went: its events by auditID and stage, anything else by its content. */
import { hash, randomBytes } from 'node:crypto';
import type { Config } from '../../config/index.ts';
import { Ruleset } from '../../detect.ts';
import type { InputBatch } from '../../inputs/batches.ts';
import type { LineOf } from '../../inputs/lines.ts';
import { stringifyExactly } from '../../json/exact.ts';
import { isMap, type JsonMap } from '../../json/map.ts';
import { eventsIn, type Parts } from '../../pipeline.ts';
import { partsOf } from '../../pipeline-dependencies.ts';
import type { AuditEvent, LogRecord } from '../../record.ts';

/** A key with what it was made from. 64 bits of a hash under a secret of this process: two of ten million keys are equal once
 * in 370,000 runs, and nobody can choose names that collide. */
export interface RecordKey {
  high: number;
  low: number;
  /** Undefined if the key is made from content. */
  event: { auditID: string; stage: string } | undefined;
}

export interface PlacedKeys {
  line: LineOf | undefined;
  keys: readonly RecordKey[];
}

export interface KeyReader {
  /** The keys of one record after another.
   * @throws Problem if no record can be found in the batch */
  keysOf(batch: InputBatch): Iterable<PlacedKeys>;
}

/** Reads events as the pipeline does, with no rule to evaluate on them. */
export function openKeyReader(config: Config): KeyReader {
  const ruleset = new Ruleset([], [], '');
  // A tag is an ordinary member here, so that a record with one can be outlined.
  const parts: Parts = {
    ...partsOf({ ...config, memberName: '' }, () => ruleset, []),
    limits: { ...config.limits, maxRecords: Number.POSITIVE_INFINITY },
  };
  const without = [config.memberName, config.dateKey];
  const secret = randomBytes(16).toString('hex');

  const keyOf = (text: string, event: RecordKey['event']): RecordKey => {
    const digest = hash('sha256', secret + text, 'buffer');
    return { high: digest.readUInt32LE(0), low: digest.readUInt32LE(4), event };
  };

  function contentKey({ codec, bytes }: InputBatch, record: LogRecord): RecordKey {
    const value =
      record.kind === 'map'
        ? withoutMembers(codec.read(bytes, record, parts.limits), without)
        : Buffer.from(bytes.subarray(record.start, record.end)).toString('latin1');
    return keyOf(`content\0${canonical(value)}`, undefined);
  }

  function keysIn(batch: InputBatch, record: LogRecord, events: readonly AuditEvent[]): RecordKey[] {
    const named = events.filter(({ auditID }) => auditID !== '');
    const keys = named.map(({ auditID, stage }) => keyOf(`event\0${auditID}\0${stage}`, { auditID, stage }));
    return named.length > 0 && named.length === events.length ? keys : [...keys, contentKey(batch, record)];
  }

  return {
    *keysOf(batch) {
      const { codec, bytes } = batch;
      const { records, eventsOf } = eventsIn({ codec, bytes, fluentTag: undefined, receivedUnixNano: 0n }, parts);
      for (const [index, record] of records.entries()) {
        const line = batch.lineOf(index, record.start);
        if (record.kind !== 'group') yield { line, keys: keysIn(batch, record, eventsOf(record)) };
      }
    },
  };
}

/** Without the members that Fluent Bit and Tripline add. */
function withoutMembers(value: unknown, names: readonly string[]): unknown {
  if (!isMap(value)) return value;
  return Object.fromEntries(Object.entries(value).filter(([name]) => !names.includes(name)));
}

/** The same text for the same content, whatever the order of members or the white space, and in JSON or MessagePack. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (!isMap(value)) return stringifyExactly(value) ?? 'null';
  const members = Object.keys(value).sort();
  return `{${members.map((key) => `${JSON.stringify(key)}:${canonical((value as JsonMap)[key])}`).join(',')}}`;
}
