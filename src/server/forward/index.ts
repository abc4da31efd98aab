/** The input for the forward protocol, over TCP and over a Unix socket: senders wait for their acknowledgements, and while
 * there is no space for more. */
import { chmodSync, lstatSync, rmSync } from 'node:fs';
import { connect, createServer, type ListenOptions, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { Logger } from 'pino';
import { type ForwardInput, forwardTls } from '../../config/forward-input.ts';
import type { Config } from '../../config/index.ts';
import { Problem } from '../../problem.ts';
import type { Shared } from '../http.ts';
import { listenerOptions, renewCertificates, reportHandshakes } from '../tls.ts';
import { type Connection, serveConnection } from './connection.ts';
import { inflater } from './inflate.ts';

export interface ForwardServerParts extends Shared {
  forward: ForwardInput;
  limits: Config['limits'];
  logger: Logger;
}

export interface ForwardServer {
  /** Where it listens: `host:port` and path. */
  addresses: string[];
  /** Applies new secrets to new connections, and reloads the files of `tls`.
   * @throws Error if the files cannot be used; the previous ones then stay in effect */
  renew(forward: ForwardInput): void;
  /** Begins no more messages; resolves when those under way are answered and all connections are closed. */
  drain(): Promise<void>;
}

/** Each may hold two uncounted pieces of 64 KiB while there is no space for its message. */
const MAX_CONNECTIONS = 500;
/** Idle time after which TCP probes for a peer that has gone silently. */
const KEEP_ALIVE_MILLISECONDS = 15_000;
/** Files created under it are for their owner alone. */
const OWNER_ONLY_MASK = 0o077;

/** Resolves when it listens.
 * @throws Problem `config.invalid` if it cannot */
export async function openForwardServer(parts: ForwardServerParts): Promise<ForwardServer> {
  const { limits, logger, remind } = parts;
  let { forward } = parts;
  const tls = forwardTls(forward);
  const inflate = inflater(limits);
  const connections = new Map<Socket, Connection>();
  const servers: Server[] = [];

  function serve(socket: Socket, transport: 'tcp' | 'unix'): void {
    const { sharedKey, users = [] } = forward;
    // File permissions control who may open a Unix socket; Fluent Bit cannot do the handshake over one.
    const asked = transport === 'tcp' && sharedKey !== undefined ? { sharedKey, users } : undefined;
    const maxMessageBytes = limits.maxBodyBytes;
    connections.set(socket, serveConnection(socket, { ...parts, transport, asked, inflate, maxMessageBytes }));
    socket.once('close', () => connections.delete(socket));
  }

  function watch(server: Server): void {
    server.maxConnections = MAX_CONNECTIONS;
    server.on('drop', () => {
      for (const connection of connections.values()) if (connection.isIdle()) connection.end();
    });
    server.on('error', (error) => logger.error({ err: error }, 'The forward input cannot accept a connection'));
    servers.push(server);
  }

  const addresses: string[] = [];
  try {
    if (forward.listen !== undefined) {
      const colon = forward.listen.lastIndexOf(':');
      const host = forward.listen.slice(0, colon).replace(/^\[|\]$/g, '');
      const options = { noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MILLISECONDS };
      const onSocket = (socket: Socket) => serve(socket, 'tcp');
      const server =
        tls === undefined
          ? createServer(options, onSocket)
          : createTlsServer({ ...options, ...listenerOptions(tls) }, onSocket);
      if (tls !== undefined) reportHandshakes({ server }, { logger, remind });
      await listen(server, { host, port: Number(forward.listen.slice(colon + 1)) }, 'forward.listen');
      watch(server);
      const { address, port } = server.address() as { address: string; port: number };
      addresses.push(address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`);
    }
    if (forward.unixPath !== undefined) {
      await removeStale(forward.unixPath);
      const server = createServer((socket) => serve(socket, 'unix'));
      const before = process.umask(OWNER_ONLY_MASK);
      try {
        const listening = listen(server, { path: forward.unixPath }, 'forward.unixPath');
        process.umask(before);
        await listening;
      } finally {
        process.umask(before);
      }
      watch(server);
      chmodSync(forward.unixPath, Number.parseInt(forward.unixMode, 8));
      addresses.push(forward.unixPath);
    }
  } catch (error) {
    for (const server of servers) server.close();
    throw error;
  }

  return {
    addresses,
    renew(next) {
      const nextTls = forwardTls(next);
      if (tls !== undefined && nextTls !== undefined) renewCertificates({ server: servers[0]! }, nextTls);
      forward = next;
    },
    async drain() {
      const closed = servers.map((server) => new Promise((resolve) => server.close(resolve)));
      for (const connection of connections.values()) connection.end();
      await Promise.all(closed);
    },
  };
}

function listen(server: Server, options: ListenOptions, setting: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error) =>
      reject(new Problem('config.invalid', `${setting}: ${error.message}`, { cause: error }));
    server.once('error', fail);
    server.listen(options, () => {
      server.off('error', fail);
      resolve();
    });
  });
}

/** Removes a stale socket, on which nothing listens.
 * @throws Problem if something does, or if it is not a socket */
async function removeStale(path: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket())
    throw new Problem('config.invalid', `forward.unixPath: ${path} is not a socket; name another path`);
  const isUsed = await new Promise((resolve) => {
    const probe = connect({ path }, () => resolve(true));
    probe.on('error', ({ code }: NodeJS.ErrnoException) => resolve(code !== 'ECONNREFUSED'));
    probe.on('connect', () => probe.destroy());
  });
  if (isUsed) {
    throw new Problem(
      'config.invalid',
      `forward.unixPath: another process listens on ${path}; stop it, or name another path`,
    );
  }
  rmSync(path);
}
