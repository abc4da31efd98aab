/** What tests know about an object server. */
import { setTimeout as sleep } from 'node:timers/promises';

export interface ObjectServer {
  /** The address of its only bucket. */
  address: string;
  /** Environment variables with which a command finds it. */
  environment: Record<string, string>;
  stop(): Promise<void>;
}

/** Resolves when something answers, whatever the response. */
export async function answers(url: string): Promise<void> {
  for (let tries = 0; tries < 150; tries++) {
    const isThere = await fetch(url).then(
      () => true,
      () => false,
    );
    if (isThere) return;
    await sleep(100);
  }
  throw new Error(`nothing answers at ${url}`);
}
