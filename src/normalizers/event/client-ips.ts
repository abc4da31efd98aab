/** Where a request came from. kube-apiserver logs the contents of the headers X-Forwarded-For and X-Real-Ip, which a client
 * can forge, and last the peer of the connection. */
import { isWithinAny, type Network } from '../../network.ts';

/** The addresses that may be the client's, in the order of sourceIPs: if the operator names the proxies, the nearest hop that
 * is not one of them; otherwise every address, as any may be the proxy that recorded the one before it.
 *
 * kube-apiserver puts X-Real-Ip right before the peer, and many load balancers pass that header on as the client wrote it.
 * A hop in that place does not outrank the one before it.
 * @param proxies undefined if they are not known
 * @see https://github.com/kubernetes/apimachinery/blob/v0.33.0/pkg/util/net/http.go SourceIPs */
export function clientIPsOf(sourceIPs: readonly string[], proxies: readonly Network[] | undefined): string[] {
  const hops = sourceIPs.map(addressOf).filter((hop) => hop !== '');
  if (proxies === undefined) return hops;
  const isClient = (hop: string) => !isWithinAny(proxies, hop);
  const nearest = hops.findLastIndex(isClient);
  // If all hops are proxies, the farthest of them made the request.
  if (nearest === -1) return hops.slice(0, 1);
  const mayBeRealIp = nearest === hops.length - 2;
  const before = mayBeRealIp ? hops.slice(0, nearest).findLast(isClient) : undefined;
  return before === undefined ? [hops[nearest]] : [before, hops[nearest]];
}

/** The address without the port or zone that some proxies append. */
function addressOf(hop: string): string {
  if (hop.length > 100) return hop;
  const text = hop.trim();
  const [, v4, v6] = /^(?:([\d.]+):\d+|\[([^\]]+)\](?::\d+)?)$/.exec(text) ?? [];
  return (v4 ?? v6 ?? text).replace(/%[\w.-]+$/, '');
}
