/** Sends a body through the pipeline to every sink. */

import { setTimeout as sleep } from 'node:timers/promises';
import { countRecords } from '../../batch/count.ts';
import { deliverBatch, type Parts, tagBatch } from '../../pipeline.ts';
import { Problem } from '../../problem.ts';
import type { Body } from './sources.ts';

/** Seconds before each further attempt, while a sink cannot be reached. */
const PAUSES = [1, 2, 4, 8];

export type Sent =
  | { kind: 'delivered'; records: number }
  /** It would fail again unchanged. */
  | { kind: 'failed'; reason: string }
  /** A sink cannot be reached: others would fail as well. */
  | { kind: 'unavailable'; reason: string };

/** Bodies are sent one after another. */
export type Send = (body: Body) => Promise<Sent>;

/** @param wait takes seconds */
export function sender(parts: Parts, wait = (seconds: number) => sleep(1000 * seconds)): Send {
  /** Why sinks do not accept the body. */
  let refused: string[] = [];
  const sinks = parts.sinks.map((sink) => ({
    ...sink,
    async deliver(batch: Parameters<typeof sink.deliver>[0]) {
      try {
        const result = await sink.deliver(batch);
        if (result.kind === 'withheld') refused.push(`${sink.name} does not accept it: ${result.reason}`);
        return result;
      } catch (error) {
        if (error instanceof Problem && error.code === 'sink.refused') refused.push(error.message);
        throw error;
      }
    },
  }));

  async function delivered(deliver: () => Promise<void>): Promise<Problem | undefined> {
    for (let attempt = 0; ; attempt++) {
      try {
        refused = [];
        await deliver();
        return undefined;
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        const pause = PAUSES[attempt];
        if (pause === undefined || refused.length > 0) return error;
        await wait(pause);
      }
    }
  }

  return async (body) => {
    const processed = await tagBatch(body, parts, async () => {}).catch((error) => {
      if (!(error instanceof Problem)) throw error;
      return error;
    });
    if (processed instanceof Problem) return { kind: 'failed', reason: processed.message };
    const to = body.sink === undefined ? sinks : sinks.filter(({ name }) => name === body.sink);
    if (to.length === 0) {
      return { kind: 'failed', reason: `it is for sink ${body.sink}, which the configuration does not have` };
    }
    const problem = await delivered(() => deliverBatch(processed, { ...parts, sinks: to }));
    if (refused.length > 0) return { kind: 'failed', reason: refused.join('; ') };
    if (problem !== undefined) return { kind: 'unavailable', reason: problem.message };
    return { kind: 'delivered', records: countRecords(processed.records) };
  };
}
