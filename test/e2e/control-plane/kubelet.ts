/** A kubelet as the API server sees it: it answers what is proxied to it, with the path that was requested, and accepts an exec
 * or attach. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';

const [key, cert] = ['key', 'cert'].map((kind) =>
  readFileSync(join(import.meta.dirname, `../../fixtures/tls/receiver.${kind}.pem`)),
);

export interface Kubelet {
  address: string;
  port: number;
  close(): Promise<void>;
}

/** Listens on an address of the machine: the API server does not proxy to the loopback. */
export async function startKubelet(): Promise<Kubelet> {
  const addresses = Object.values(networkInterfaces()).flatMap((entries) => entries ?? []);
  const address = addresses.find(({ family, internal }) => family === 'IPv4' && !internal)?.address;
  if (address === undefined) throw new Error('the machine has no IPv4 address beside the loopback');
  const sockets = new Set<Socket>();
  const server = createServer({ key, cert }, (request, response) => {
    request.resume();
    response.end(request.url);
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
  });
  // The SPDY streams do not matter: an exec is logged when it is accepted, and again when it ends.
  server.on('upgrade', ({ headers }, socket) => {
    socket.on('error', () => {});
    socket.end(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${headers.upgrade}\r\n\r\n`);
  });
  server.listen(0, address);
  await once(server, 'listening');
  return {
    address,
    port: (server.address() as AddressInfo).port,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
