/** Redis and Valkey servers, through the client that Redis maintains. It is loaded if a server is configured. */
import { readFileSync } from 'node:fs';
import type { Logger } from 'pino';
import { agreeOnSecret, memoryAdvice } from './handshake.ts';
import type { Connect, Connection } from './link.ts';
import type { Send } from './script.ts';
import type { KeyNames } from './stored.ts';
import { within } from './within.ts';

export interface Address {
  host: string;
  port: number;
}

export interface RedisSettings {
  /** The first that accepts writes is used. */
  servers: readonly Address[];
  database: number;
  isTls: boolean;
  /** Set if the servers are sentinels: the name under which they monitor the primary. */
  sentinelName?: string | undefined;
  username?: string | undefined;
  password?: string | undefined;
  /** PEM file with the authorities that sign the certificates of the servers. */
  ca?: string | undefined;
  /** Milliseconds that a connection, and each answer, may take. */
  timeout: number;
  /** How many replicas must have what was written before an answer counts. */
  replicas: number;
}

/** @param logger receives a warning, once, if the memory policy of the server is unsuitable */
export async function redisConnector(
  settings: RedisSettings,
  { names, logger }: { names: KeyNames; logger: Logger },
): Promise<Connect> {
  const { createClient } = await import('@redis/client');
  const { servers, database, isTls, sentinelName, username, password, ca, timeout, replicas } = settings;
  let advised: string | undefined;

  /** @param isServer whether it is a server with values rather than a sentinel */
  async function open({ host, port }: Address, isServer: boolean, onLost: (error: Error) => void) {
    const common = { host, port, connectTimeout: timeout, reconnectStrategy: false as const };
    const credentials = isServer && { database, ...(username && { username }), ...(password && { password }) };
    const client = createClient({
      // Read at each connection, as certificates are renewed.
      socket: isTls ? { ...common, tls: true, ...(ca && { ca: readFileSync(ca) }) } : common,
      ...{ RESP: 2, maintNotifications: 'disabled', disableClientInfo: true, disableOfflineQueue: true },
      ...credentials,
    });
    client.on('error', onLost);
    await within(client.connect(), timeout).catch((error) => {
      if (client.isOpen) client.destroy();
      throw error;
    });
    return client;
  }

  async function addresses(): Promise<readonly Address[]> {
    if (sentinelName === undefined) return servers;
    return firstOf(servers, async (sentinel) => {
      const client = await open(sentinel, false, () => {});
      try {
        const asked = client.sendCommand(['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', sentinelName]);
        const reply = await within(asked, timeout);
        if (!Array.isArray(reply)) throw new Error(`it monitors no primary named ${sentinelName}`);
        return [{ host: String(reply[0]), port: Number(reply[1]) }];
      } finally {
        client.destroy();
      }
    });
  }

  return async (onLost) =>
    firstOf(await addresses(), async (address): Promise<Connection> => {
      const client = await open(address, true, onLost);
      const send = (command: readonly string[]) => client.sendCommand([...command]) as Promise<unknown>;
      try {
        const secret = await within(agreeOnSecret(send, names), timeout);
        const advice = await within(memoryAdvice(send), timeout);
        if (advice !== undefined && advice !== advised) logger.warn({ server: textOf(address) }, advice);
        advised = advice;
        const close = () => void (client.isOpen && client.destroy());
        const replicated = replicas === 0 ? send : replicatedTo(replicas, send, timeout);
        return { secret, server: textOf(address), send: replicated, close };
      } catch (error) {
        if (client.isOpen) client.destroy();
        throw error;
      }
    });
}

/** Sends commands, each of which counts when replicas have what it has written. The command and WAIT take one round trip.
 * @param timeout milliseconds that the server waits for them */
function replicatedTo(replicas: number, send: Send, timeout: number): Send {
  const wait = ['WAIT', String(replicas), String(Math.ceil(timeout / 2))];
  return async (command) => {
    const [reply, count] = await Promise.all([send(command), send(wait)]);
    if (Number(count) >= replicas) return reply;
    throw new Error(
      `NOREPLICAS ${count} of ${replicas} replicas have what was written; start replicas, or lower state.replicas`,
    );
  };
}

/** The result of the first server that gives one.
 * @throws Error that says for each server why it did not */
async function firstOf<T>(servers: readonly Address[], ask: (server: Address) => Promise<T>): Promise<T> {
  const errors: (Error & { code?: unknown })[] = [];
  for (const server of servers) {
    try {
      return await ask(server);
    } catch (error) {
      errors.push(
        Object.assign(new Error(`${textOf(server)}: ${(error as Error).message}`, { cause: error }), {
          code: (error as NodeJS.ErrnoException).code,
        }),
      );
    }
  }
  const [first] = errors;
  if (errors.length === 1) throw first;
  throw Object.assign(new Error(errors.map(({ message }) => message).join('; ')), { code: first?.code });
}

const textOf = ({ host, port }: Address) => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`);
