/** Serves the batches that `processThere` sends, in the thread that processes them. */
import { setImmediate } from 'node:timers/promises';
import type { MessagePort } from 'node:worker_threads';
import { codecNamed } from '../codecs/index.ts';
import { belowTrace } from '../telemetry/index.ts';
import type { Process } from './processor.ts';
import { type BatchMessage, errorOf, failureOf, type Order, type Report, whole } from './thread-messages.ts';

/** @param answered is called after each batch */
export function serveOrders(port: MessagePort, process: Process, answered: () => void): void {
  const leaving = new Map<number, AbortController>();
  const report = (one: Report, transfer: ArrayBuffer[] = []) => port.postMessage(one, transfer);

  port.on('message', (order: Order) => {
    if (order.kind === 'gone') leaving.get(order.id)?.abort(errorOf(order.failure));
    else void belowTrace(order.trace, () => serve(order));
  });

  async function serve({ id, bytes, codec, wanted, ...about }: BatchMessage): Promise<void> {
    const controller = new AbortController();
    leaving.set(id, controller);
    const gone = controller.signal;
    const pause = async () => {
      await setImmediate();
      gone.throwIfAborted();
    };
    try {
      const { fluentTag, receivedUnixNano, origin } = about;
      const batch = { fluentTag, codec: codecNamed(codec)!, bytes, receivedUnixNano, ...(origin && { origin }) };
      const processing = process(batch, wanted, gone, pause);
      report({ kind: 'tagged', id, heldBytes: await processing.tagged });
      const { records, reply, defect } = await processing.answered;
      const body = reply && whole(reply.body);
      report(
        {
          kind: 'answered',
          id,
          records,
          reply: reply && { ...reply, body: body! },
          defect: defect && failureOf(defect),
        },
        body && [body.buffer],
      );
      // Nothing uses it any more, and it would count as memory of this thread until it is collected.
      bytes.buffer.transfer(0);
    } catch (error) {
      report({ kind: 'failed', id, failure: failureOf(error), bytes }, [bytes.buffer]);
    } finally {
      leaving.delete(id);
      answered();
    }
  }
}
