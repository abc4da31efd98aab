/** The servers that a URL names: `redis://host:port`, `rediss://` for TLS, several hosts with commas between them, and after a
 * slash the number of a database. */

export interface Address {
  host: string;
  port: number;
}

export interface ServerAddresses {
  servers: Address[];
  database: number;
  isTls: boolean;
}

const PORT = 6379;
const SENTINEL_PORT = 26379;
const URL_TEXT = /^redis(?<tls>s)?:\/\/(?<servers>[^/?#@\s]+)(?:\/(?<database>\d{1,4})?)?$/;
const SERVER = /^(?:\[(?<v6>[0-9a-fA-F:.]+)\]|(?<name>[^:[\]]+))(?::(?<port>\d{1,5}))?$/;

/** The servers, or what is wrong with the URL; no part of the URL is shown, as it may contain a password.
 * @param areSentinels decides which port is meant if none is given */
export function serversIn(url: string, areSentinels: boolean): ServerAddresses | string {
  const written = 'write redis://valkey:6379, or rediss://a:6379,b:6379/0 for TLS, several servers and a database';
  if (url.includes('@')) return 'contains credentials; write them as username and password';
  const { tls, servers = '', database = '0' } = URL_TEXT.exec(url)?.groups ?? {};
  if (servers === '') return `is not the URL of a server; ${written}`;
  const found: Address[] = [];
  for (const server of servers.split(',')) {
    const { v6, name, port = String(areSentinels ? SENTINEL_PORT : PORT) } = SERVER.exec(server)?.groups ?? {};
    const host = v6 ?? name;
    if (host === undefined) return `names a server that is not valid; ${written}`;
    if (!(Number(port) > 0 && Number(port) <= 65535)) return `names ${port}, which is not a port; the highest is 65535`;
    found.push({ host, port: Number(port) });
  }
  return { servers: found, database: Number(database), isTls: tls !== undefined };
}
