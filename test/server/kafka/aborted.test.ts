import { describe, expect, it } from 'vitest';
import { markAborted, passOverAborted } from '../../../src/server/kafka/aborted.ts';
import fc from '../../properties.ts';

const TRANSACTIONAL = 0x10;
const CONTROL = 0x20;

type Kind = 'plain' | 'transactional' | 'commit' | 'abort';

/** A batch of one record, or the marker that ends a transaction. */
function batch(offset: number, producer: number, kind: Kind) {
  const key = Buffer.from([0, 0, 0, kind === 'commit' ? 1 : 0]);
  const attributes = {
    plain: 0,
    transactional: TRANSACTIONAL,
    commit: TRANSACTIONAL | CONTROL,
    abort: TRANSACTIONAL | CONTROL,
  };
  return {
    firstOffset: BigInt(offset),
    lastOffsetDelta: 0,
    producerId: BigInt(producer),
    attributes: attributes[kind],
    records: [{ key, value: Buffer.from(String(offset)) }],
  } as any;
}

const shown = (records: readonly any[]) =>
  records.filter(({ attributes }) => !(attributes & CONTROL)).map(({ firstOffset }) => Number(firstOffset));
const aborted = (...list: (readonly [producer: number, first: number])[]) =>
  list.map(([producer, first]) => ({ producerId: BigInt(producer), firstOffset: BigInt(first) }));

describe('records of aborted transactions', () => {
  it('are passed over if the end of the transaction is in another answer', () => {
    const records = [batch(0, 1, 'transactional'), batch(1, -1, 'plain'), batch(2, 1, 'transactional')];
    markAborted({ records, abortedTransactions: aborted([1, 0]) } as any);
    expect(shown(records)).toEqual([1]);
  });

  it('are passed over for several transactions of one producer, but not what it commits between them', () => {
    const records = [
      batch(0, 1, 'transactional'),
      batch(1, 1, 'abort'),
      batch(2, 1, 'transactional'),
      batch(3, 1, 'commit'),
      batch(4, 1, 'transactional'),
      batch(5, 2, 'transactional'),
      batch(6, 1, 'abort'),
      batch(7, 1, 'transactional'),
    ];
    markAborted({ records, abortedTransactions: aborted([1, 4], [1, 0]) } as any);
    expect(shown(records)).toEqual([2, 5, 7]);
  });

  it('are passed over, and no others, in a log of any transactions', () => {
    const step = fc.tuple(fc.integer({ min: 1, max: 3 }), fc.constantFrom('transactional', 'commit', 'abort', 'plain'));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), fc.nat(), fc.nat(), (steps, from, to) => {
        const log: [producer: number, kind: Kind][] = [];
        const open = new Map<number, number[]>();
        const lost = new Set<number>();
        const transactions: { producer: number; first: number; last: number }[] = [];
        for (const [producer, kind] of steps) {
          const own = open.get(producer);
          if (kind === 'transactional') open.set(producer, [...(own ?? []), log.length]);
          else if (kind !== 'plain') {
            if (own === undefined) continue;
            open.delete(producer);
            if (kind === 'abort') {
              transactions.push({ producer, first: own[0]!, last: log.length });
              for (const one of own) lost.add(one);
            }
          }
          log.push([kind === 'plain' ? -1 : producer, kind]);
        }
        // Readers of committed records see the log up to the first open transaction.
        const stable = Math.min(log.length, ...[...open.values()].map(([first]) => first!));
        const begin = stable === 0 ? 0 : from % stable;
        const end = begin + (to % (stable - begin + 1));
        const records = log.map(([producer, kind], offset) => batch(offset, producer, kind)).slice(begin, end);
        const overlapping = transactions.filter(({ first, last }) => last >= begin && first < end);
        const abortedTransactions = aborted(...overlapping.map(({ producer, first }) => [producer, first] as const));
        markAborted({ records, abortedTransactions } as any);
        const isShown = (offset: number) => ['plain', 'transactional'].includes(log[offset]![1]) && !lost.has(offset);
        expect(shown(records)).toEqual([...log.keys()].slice(begin, end).filter(isShown));
      }),
      { numRuns: 500 },
    );
  });

  it('are passed over in what a consumer fetches', () => {
    const records = [batch(0, 1, 'transactional')];
    const response = { responses: [{ partitions: [{ records, abortedTransactions: aborted([1, 0]) }] }] };
    const consumer = {
      fetch: (_: unknown, callback: (error: null, given: unknown) => void) => callback(null, response),
    };
    passOverAborted(consumer as any);
    consumer.fetch({}, (_, given) => expect(given).toBe(response));
    expect(shown(records)).toEqual([]);
  });
});
