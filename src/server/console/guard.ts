/** Whether a request for the console comes from the console itself: a page elsewhere can have the browser of who reads it send
 * requests to any address that this reaches, the loopback too. */
import type { IncomingMessage } from 'node:http';
import { Problem } from '../../problem.ts';

type Request = Pick<IncomingMessage, 'headers' | 'method'> & {
  socket: Pick<IncomingMessage['socket'], 'localAddress'>;
};

/** Refuses a name that is not the console's: a page elsewhere can have its own name lead to the address of the console, and
 * is then of one origin with it.
 * @param hosts names of the settings
 * @throws Problem `console.host` */
export function checkHost({ headers, socket }: Request, hosts: readonly string[]): void {
  const host = hostOf('http:', headers.host)?.hostname.toLowerCase();
  const name = host?.replace(/^\[|\]$/g, '').replace(/\.$/, '');
  if (name !== undefined && (isOwn(name, socket.localAddress) || hosts.some((one) => one.toLowerCase() === name)))
    return;
  throw new Problem('console.host', `the request is for ${JSON.stringify(String(headers.host).slice(0, 100))}`);
}

function isOwn(name: string, localAddress = '127.0.0.1'): boolean {
  // Where IPv6 takes IPv4 too.
  const address = localAddress.replace(/^::ffff:/, '');
  return name === address || (isLoopback(address) && (name === 'localhost' || isLoopback(name)));
}

function isLoopback(address: string): boolean {
  return address === '::1' || /^127\.\d+\.\d+\.\d+$/.test(address);
}

function hostOf(protocol: string, host: string | undefined): URL | null {
  return host === undefined || /[/?#@\\\s]/.test(host) ? null : URL.parse(`${protocol}//${host}`);
}

/** Refuses what another origin has sent, as far as the browser says so; programs that are no browser say nothing.
 * @param isWrite where it must say so
 * @throws Problem `console.origin` */
export function checkOrigin({ headers }: Request, isWrite: boolean): void {
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') {
    throw new Problem('console.origin', `Sec-Fetch-Site is ${JSON.stringify(String(site).slice(0, 40))}`);
  }
  const { origin, host } = headers;
  if (origin === undefined) {
    if (isWrite) throw new Problem('console.origin', 'a write has no Origin');
    return;
  }
  const from = URL.parse(origin);
  // Before a proxy it may be https, and here it is not.
  if (from !== null && /^https?:$/.test(from.protocol) && hostOf(from.protocol, host)?.host === from.host) return;
  throw new Problem('console.origin', `Origin is ${JSON.stringify(origin.slice(0, 100))}`);
}
