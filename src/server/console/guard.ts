/** Whether a request for the console comes from the console itself: a page of another site can make its reader's browser send
 * requests to any address that the browser reaches, including the loopback. */
import type { IncomingMessage } from 'node:http';
import { Problem } from '../../problem.ts';

type Request = Pick<IncomingMessage, 'headers' | 'method'> & {
  socket: Pick<IncomingMessage['socket'], 'localAddress'>;
};

/** Refuses a host name that is not the console's: another site can point its own name at the address of the console, and is
 * then of the same origin.
 * @param hosts names from the settings
 * @throws Problem `console.host` */
export function checkHost({ headers, socket }: Request, hosts: readonly string[]): void {
  const host = hostOf('http:', headers.host)?.hostname.toLowerCase();
  const name = host?.replace(/^\[|\]$/g, '').replace(/\.$/, '');
  if (name !== undefined && (isOwn(name, socket.localAddress) || hosts.some((one) => one.toLowerCase() === name)))
    return;
  throw new Problem('console.host', `the request is for ${JSON.stringify(String(headers.host).slice(0, 100))}`);
}

function isOwn(name: string, localAddress = '127.0.0.1'): boolean {
  // On an IPv6 socket that accepts IPv4 too.
  const address = localAddress.replace(/^::ffff:/, '');
  return name === address || (isLoopback(address) && (name === 'localhost' || isLoopback(name)));
}

function isLoopback(address: string): boolean {
  return address === '::1' || /^127\.\d+\.\d+\.\d+$/.test(address);
}

function hostOf(protocol: string, host: string | undefined): URL | null {
  return host === undefined || /[/?#@\\\s]/.test(host) ? null : URL.parse(`${protocol}//${host}`);
}

/** Refuses what another origin has sent, as far as the browser indicates it; programs other than browsers indicate nothing.
 * @param isWrite whether it is a write, which must have an Origin
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
  // In front of a proxy it may be https, though it is not here.
  if (from !== null && /^https?:$/.test(from.protocol) && hostOf(from.protocol, host)?.host === from.host) return;
  throw new Problem('console.origin', `Origin is ${JSON.stringify(origin.slice(0, 100))}`);
}
