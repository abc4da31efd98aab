/** Sits between the audit webhook and Tripline: forwards every request unchanged, and keeps both bodies. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

/** Bodies, one character per byte. */
export interface Exchange {
  sent: string;
  returned: string;
}

export interface WebhookRelay {
  url: string;
  exchanges: Exchange[];
  close(): Promise<void>;
}

/** @param target origin of Tripline */
export async function startWebhookRelay(target: string): Promise<WebhookRelay> {
  const exchanges: Exchange[] = [];
  const server = createServer(async (request, response) => {
    const body = await buffer(request);
    const headers = { 'content-type': request.headers['content-type']! };
    const reply = await fetch(`${target}${request.url}`, { method: request.method, headers, body });
    const returned = Buffer.from(await reply.arrayBuffer());
    if (reply.ok) exchanges.push({ sent: body.toString('latin1'), returned: returned.toString('latin1') });
    response.writeHead(reply.status).end(returned);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    exchanges,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
