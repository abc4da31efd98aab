/** Bodies that cannot be read, each sent until it gets a final answer; by then it has to be among the dead letters. */
import { readdirSync, readFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Oracle } from './oracle.ts';

export interface Unreadable {
  /** Sends another one. */
  send(): void;
  /** Waits for all, and looks for each in the folder of the dead letters.
   * @returns how many there are */
  check(folder: string): Promise<number>;
}

export function openUnreadable(port: number, oracle: Oracle): Unreadable {
  const bodies: Buffer[] = [];
  const sent: Promise<void>[] = [];

  async function deliver(body: Buffer): Promise<void> {
    for (;;) {
      const status = await post(port, body);
      if (status !== undefined && status < 500 && status !== 429 && status !== 408) return;
      await sleep(200);
    }
  }

  return {
    send() {
      // 0xc1 begins nothing in MessagePack.
      const body = Buffer.concat([Buffer.of(0xc1), Buffer.from(`unreadable ${bodies.length} `.repeat(20))]);
      bodies.push(body);
      sent.push(deliver(body));
    },
    async check(folder) {
      await Promise.all(sent);
      const kept = readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map(({ parentPath, name }) => readFileSync(join(parentPath, name)));
      const whole = Buffer.concat(kept.flatMap((file) => [file, Buffer.from('\n')]));
      bodies.forEach((body, index) => {
        if (!whole.includes(body)) oracle.fault('dead letter', `the unreadable body ${index} was refused and not kept`);
      });
      return bodies.length;
    },
  };
}

function post(port: number, body: Buffer): Promise<number | undefined> {
  return new Promise((resolve) => {
    const headers = { 'content-type': 'application/msgpack', 'user-agent': 'Fluent-Bit', 'x-fluent-tag': 'kube.audit' };
    const sent = request({ port, host: '127.0.0.1', method: 'POST', path: '/v1/records', headers, timeout: 5000 });
    sent.on('timeout', () => sent.destroy());
    sent.on('error', () => resolve(undefined));
    sent.on('response', (response) => {
      response.resume();
      response.on('error', () => resolve(undefined));
      response.on('end', () => resolve(response.statusCode));
    });
    sent.end(body);
  });
}
