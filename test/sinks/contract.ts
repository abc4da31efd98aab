/** The contract of every sink, whatever it writes to. */

import { setImmediate } from 'node:timers/promises';
import { encode } from '@msgpack/msgpack';
import { afterEach, describe, expect, test } from 'vitest';
import type { TaggedBatch } from '../../src/batch/tagged-batch.ts';
import type { Codec } from '../../src/codecs/codec.ts';
import { msgpack } from '../../src/codecs/msgpack.ts';
import { noContext } from '../../src/findings/context.ts';
import { Problem } from '../../src/problem.ts';
import type { Settled, Sink, SinkDependencies, SpoolLevel } from '../../src/sinks/sink.ts';

const limits = { maxDepth: 256, maxRecords: 1_000_000 };

/** A batch as the pipeline delivers it, every record tagged clear. */
export function taggedBatch(codec: Codec, bytes: Uint8Array, given: Partial<TaggedBatch> = {}): TaggedBatch {
  const records = codec.decode(bytes, limits);
  return {
    fluentTag: 'kube.audit',
    codec,
    bytes,
    records,
    tags: records.map(({ kind }) => (kind === 'group' ? undefined : { v: 2, verdict: 'clear' })),
    memberName: 'tripline',
    dateKey: 'date',
    receivedUnixNano: 1_700_000_000_123_456_789n,
    ...given,
  };
}

/** A log event of Fluent Bit's MessagePack at 1700000000.123456789, without metadata. */
export function logEvent(record: object): Buffer {
  return Buffer.concat([Buffer.from('9292d7006553f100075bcd1580', 'hex'), encode(record, { useBigInt64: true })]);
}

/** A batch of records `{n, pad}`, numbered from `first`. */
export function numberedBatch(count: number, { first = 0, padBytes = 0, ...given }: NumberedOptions = {}): TaggedBatch {
  const pad = 'x'.repeat(padBytes);
  const events = Array.from({ length: count }, (_, index) => logEvent({ n: first + index, pad }));
  return taggedBatch(msgpack, Buffer.concat(events), given);
}

interface NumberedOptions extends Partial<TaggedBatch> {
  first?: number;
  padBytes?: number;
}

export interface LogLine {
  level: 'info' | 'warn' | 'error';
  fields: object;
  message: string;
}

export interface Recorded {
  lines: LogLine[];
  retries: string[];
  downs: boolean[];
  settled: [Settled, records: number][];
  levels: SpoolLevel[];
}

/** Dependencies that keep what a sink logs and how often it retries. */
export function recorder(): SinkDependencies & Recorded {
  const lines: LogLine[] = [];
  const downs: boolean[] = [];
  const settled: Recorded['settled'] = [];
  const levels: SpoolLevel[] = [];
  const retries: string[] = [];
  const at = (level: LogLine['level']) => (fields: object, message: string) =>
    void lines.push({ level, fields, message });
  return {
    lines,
    retries,
    downs,
    settled,
    levels,
    logger: { info: at('info'), warn: at('warn'), error: at('error') },
    eventsOf: () => [],
    contextOf: noContext,
    onRetry: (sink) => void retries.push(sink),
    onDown: (_, isDown) => void downs.push(isDown),
    onSettled: (_, result, _tag, records) => void settled.push([result, records]),
    onSpool: (_, level) => void levels.push(level),
  };
}

/** The problem with which a delivery ends. */
export async function problemOf(delivery: Promise<unknown>): Promise<Problem> {
  const outcome = await delivery.then(
    () => 'delivered',
    (error) => error,
  );
  expect(outcome).toBeInstanceOf(Problem);
  return outcome as Problem;
}

/** A place for a sink to write to, and the sink. */
export interface Place {
  sink: Sink;
  /** The member `n` of each record there, in order of arrival. */
  arrived(): number[] | Promise<number[]>;
  /** From now on, nothing there is reachable. */
  stop(): Promise<void>;
  /** What a message must contain for an operator to find the place. */
  address: string;
}

/** @param openPlace a working place, and a sink that reaches it */
export function sinkContract(kind: string, openPlace: () => Promise<Place>): void {
  describe(`${kind} keeps the contract of a sink`, () => {
    const places: Place[] = [];
    const open = async () => {
      const place = await openPlace();
      places.push(place);
      return place;
    };
    afterEach(async () => {
      for (const { sink, stop } of places.splice(0)) await Promise.all([sink.close(), stop()]);
    });

    test('a batch arrives whole, in order, and is counted', async () => {
      const { sink, arrived } = await open();
      expect(await sink.deliver(numberedBatch(1000))).toEqual({ kind: 'acknowledged', records: 1000 });
      expect(await arrived()).toEqual(Array.from({ length: 1000 }, (_, index) => index));
    });

    test('a batch without records is done at once', async () => {
      const { sink, stop } = await open();
      await stop();
      const empty = numberedBatch(1, { records: [], tags: [] });
      expect(await sink.deliver(empty)).toEqual({ kind: 'acknowledged', records: 0 });
    });

    test('batches at the same time arrive, each in order', async () => {
      const { sink, arrived } = await open();
      const firsts = Array.from({ length: 12 }, (_, index) => index * 100);
      await Promise.all(firsts.map((first) => sink.deliver(numberedBatch(100, { first }))));
      const all = await arrived();
      for (const first of firsts) {
        expect(all.filter((n) => n >= first && n < first + 100)).toEqual(
          Array.from({ length: 100 }, (_, index) => first + index),
        );
      }
    });

    test('a place that is not there is a problem that names it', async () => {
      const { sink, stop, address } = await open();
      await stop();
      const problem = await problemOf(sink.deliver(numberedBatch(1)));
      expect(problem.code).toBe('sink.unavailable');
      expect(problem.message).toContain(address);
      expect(problem.message).toContain(sink.name);
    });

    test('close waits for deliveries under way, and none begins after it', async () => {
      const { sink, arrived } = await open();
      let isDelivered = false;
      const delivery = sink.deliver(numberedBatch(10)).then(() => {
        isDelivered = true;
      });
      await sink.close();
      // The same turn will do: which of two settled promises is handled first is not specified.
      await setImmediate();
      expect(isDelivered).toBe(true);
      await delivery;
      expect(await arrived()).toHaveLength(10);
      expect((await problemOf(sink.deliver(numberedBatch(1)))).code).toBe('sink.unavailable');
    });

    test('close leaves no socket and no timer', async () => {
      const before = resources();
      const { sink, stop } = await open();
      await Promise.all([sink.deliver(numberedBatch(10)), sink.deliver(numberedBatch(10))]);
      await sink.close();
      await stop();
      await expect.poll(() => more(resources(), before)).toEqual([]);
    });
  });
}

/** What keeps the process from ending: sockets and timers. */
function resources(): string[] {
  return process.getActiveResourcesInfo().filter((name) => /^(TCP|TLS|Pipe)|Timeout/.test(name));
}

/** Those that occur more often than before. */
function more(now: readonly string[], before: readonly string[]): string[] {
  const count = (names: readonly string[], name: string) => names.filter((other) => other === name).length;
  return now.filter((name) => count(now, name) > count(before, name));
}
