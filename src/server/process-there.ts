/** Processes batches in another thread, so that this one always has time for requests and signals. */
import type { MessagePort } from 'node:worker_threads';
import { traceHeaders } from '../telemetry/index.ts';
import type { Answer, Process } from './processor.ts';
import { answerOf, errorOf, failureOf, type Order, type Report, whole } from './thread-messages.ts';

interface UnderWay {
  batch: { bytes: Uint8Array };
  tagged: PromiseWithResolvers<number>;
  answered: PromiseWithResolvers<Answer>;
}

/** @param port to a thread that `listen` serves */
export function processThere(port: Pick<MessagePort, 'postMessage' | 'on'>): Process {
  const underWay = new Map<number, UnderWay>();
  let lastId = 0;

  const send = (order: Order, transfer: ArrayBuffer[] = []) => port.postMessage(order, transfer);

  port.on('message', (report: Report) => {
    const one = underWay.get(report.id)!;
    if (report.kind === 'tagged') return one.tagged.resolve(report.heldBytes);
    underWay.delete(report.id);
    if (report.kind === 'answered') return one.answered.resolve(answerOf(report));
    one.batch.bytes = report.bytes;
    const error = errorOf(report.failure);
    one.tagged.reject(error);
    one.answered.reject(error);
  });

  return (batch, wanted, gone) => {
    const id = ++lastId;
    const one: UnderWay = { batch, tagged: Promise.withResolvers(), answered: Promise.withResolvers() };
    underWay.set(id, one);
    const { codec, fluentTag, receivedUnixNano, origin } = batch;
    const bytes = whole(batch.bytes);
    const trace = traceHeaders();
    const about = { codec: codec.name, fluentTag, receivedUnixNano, ...(origin && { origin }) };
    send({ kind: 'batch', id, bytes, ...about, wanted, trace }, [bytes.buffer]);
    const leave = () => send({ kind: 'gone', id, failure: failureOf(gone.reason) });
    gone.addEventListener('abort', leave, { once: true });
    const answered = one.answered.promise.finally(() => gone.removeEventListener('abort', leave));
    // A caller that waits for `tagged` gets the error as well, and then does not wait for the answer.
    answered.catch(() => {});
    return { tagged: one.tagged.promise, answered };
  };
}
