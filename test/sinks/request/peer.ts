/** A server on the loopback that answers posts as a test requires. */
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createSecureServer, type ServerOptions } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { onTestFinished } from 'vitest';

export interface Posted {
  url: string;
  headers: IncomingMessage['headers'];
  /** Decompressed. */
  body: Buffer;
}

/** Answers one request; the default is 200 without a body. */
export type Responder = (posted: Posted, response: ServerResponse, index: number) => void | Promise<void>;

export interface Peer {
  url: string;
  port: number;
  posted: Posted[];
  /** Connections ever made to it. */
  connections: number;
  respond: Responder;
  /** From now on, nothing is listening. */
  stop(): Promise<void>;
  /** Ends the connections that are open. */
  dropAll(): void;
}

const decompress: Record<string, (body: Buffer) => Buffer> = { gzip: gunzipSync, zstd: zstdDecompressSync };

/** A peer, until the test ends. */
export async function openPeer(respond: Responder = (_, response) => void response.end(), tls?: ServerOptions) {
  const sockets = new Set<Socket>();
  const listener: RequestListener = async (incoming, response) => {
    const sent = await buffer(incoming).catch(() => undefined);
    if (sent === undefined) return;
    const body = decompress[incoming.headers['content-encoding'] ?? '']?.(sent) ?? sent;
    const posted = { url: incoming.url!, headers: incoming.headers, body };
    await peer.respond(posted, response, peer.posted.push(posted) - 1);
  };
  const server = tls === undefined ? createServer(listener) : createSecureServer(tls, listener);
  server.on('connection', (socket: Socket) => {
    peer.connections++;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const peer: Peer = {
    url: `http${tls === undefined ? '' : 's'}://127.0.0.1:${port}`,
    port,
    posted: [],
    connections: 0,
    respond,
    dropAll() {
      for (const socket of sockets) socket.destroy();
    },
    async stop() {
      peer.dropAll();
      if (server.listening) await new Promise((resolve) => server.close(resolve));
    },
  };
  onTestFinished(() => peer.stop());
  return peer;
}
