/** Where a request came from. kube-apiserver logs what the headers X-Forwarded-For and X-Real-Ip say, which a client can
 * forge, and last the peer of the connection. */
import { isWithinAny, type Network } from '../../network.ts';

/** The addresses that may be the client's, in the order of sourceIPs: where the operator names the proxies, the nearest hop
 * that is none of them; where not, each, as any may be the proxy that wrote down the one before it.
 * @param proxies undefined where they are not known */
export function clientIPsOf(sourceIPs: readonly string[], proxies: readonly Network[] | undefined): string[] {
  const hops = sourceIPs.map(addressOf).filter((hop) => hop !== '');
  if (proxies === undefined) return hops;
  // A request by way of proxies alone was made by the farthest of them.
  const nearest = hops.findLast((hop) => !isWithinAny(proxies, hop)) ?? hops[0];
  return nearest === undefined ? [] : [nearest];
}

/** The address without the port or zone that some proxies write after it. */
function addressOf(hop: string): string {
  if (hop.length > 100) return hop;
  const text = hop.trim();
  const [, v4, v6] = /^(?:([\d.]+):\d+|\[([^\]]+)\](?::\d+)?)$/.exec(text) ?? [];
  return (v4 ?? v6 ?? text).replace(/%[\w.-]+$/, '');
}
