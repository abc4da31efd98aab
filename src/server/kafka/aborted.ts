/** Records of transactions that were aborted. */
import type { Consumer } from '@platformatic/kafka';

type FetchResponse = Awaited<ReturnType<Consumer['fetch']>>;
type Partition = FetchResponse['responses'][number]['partitions'][number];
type RecordsBatch = NonNullable<Partition['records']>[number];

/** Bits of a batch's attributes. */
const TRANSACTIONAL = 0x10;
const CONTROL = 0x20;
/** Key of a control record: a version, then the type of the marker. */
const ABORT = 0;

/** Makes a consumer skip the records of aborted transactions. The client itself misses those of a transaction whose end is
 * not in the same response, and of all but the last of several that one producer has aborted. */
export function passOverAborted(consumer: Pick<Consumer, 'fetch'>): void {
  const fetch = consumer.fetch.bind(consumer) as (options: unknown, callback: Callback) => void;
  // The stream calls it in this form.
  consumer.fetch = ((options: unknown, callback: Callback) =>
    fetch(options, (error, response) => {
      if (response !== undefined) for (const { partitions } of response.responses) partitions.forEach(markAborted);
      callback(error, response);
    })) as Consumer['fetch'];
}

type Callback = (error: Error | null, response?: FetchResponse) => void;

/** Marks batches of aborted transactions as holding no records: they still count for the offset.
 *
 * A batch belongs to one if its producer has an aborted transaction that begins at or before the batch, and no marker has
 * come since. */
export function markAborted({
  abortedTransactions,
  records,
}: Pick<Partition, 'abortedTransactions' | 'records'>): void {
  if (!abortedTransactions?.length || !records) return;
  const begun = [...abortedTransactions].sort((a, b) => Number(a.firstOffset - b.firstOffset));
  const aborted = new Set<bigint>();
  for (const batch of records) {
    while (begun.length > 0 && begun[0]!.firstOffset <= batch.firstOffset + BigInt(batch.lastOffsetDelta)) {
      aborted.add(begun.shift()!.producerId);
    }
    if (isAbortMarker(batch)) aborted.delete(batch.producerId);
    else if (batch.attributes & TRANSACTIONAL && aborted.has(batch.producerId)) batch.attributes |= CONTROL;
  }
}

function isAbortMarker({ attributes, records }: RecordsBatch): boolean {
  return (attributes & CONTROL) !== 0 && records[0]?.key?.readInt16BE(2) === ABORT;
}
