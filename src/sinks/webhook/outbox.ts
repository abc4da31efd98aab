/** Messages that no batch waits for: they are sent one after another, each until it has arrived. */
import type { Message } from '../alerts/message.ts';

/** Beyond this number the oldest are dropped. */
const MOST = 100;
const RETRY_MILLISECONDS = 30_000;

export interface Outbox {
  put(message: Message): void;
  /** Tries once more to send what is waiting. */
  close(): Promise<void>;
}

/** @param send resolves with whether the message is to be sent again
 * @param dropped called with each message that is given up */
export function openOutbox(send: (message: Message) => Promise<boolean>, dropped: (message: Message) => void): Outbox {
  const waiting: Message[] = [];
  let sending: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;

  async function sendAll(): Promise<void> {
    for (let first = waiting[0]; first !== undefined; first = waiting[0]) {
      if (await send(first)) return;
      if (waiting[0] === first) waiting.shift();
    }
  }

  function run(): Promise<void> {
    clearTimeout(timer);
    sending ??= sendAll().finally(() => {
      sending = undefined;
      if (waiting.length > 0) timer = setTimeout(run, RETRY_MILLISECONDS).unref();
    });
    return sending;
  }

  return {
    put(message) {
      waiting.push(message);
      if (waiting.length > MOST) dropped(waiting.shift()!);
      void run();
    },
    async close() {
      await sending;
      if (waiting.length > 0) await run();
      clearTimeout(timer);
      for (const message of waiting) dropped(message);
    },
  };
}
