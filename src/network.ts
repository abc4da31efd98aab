/** IP addresses and networks, as text. */
import ipaddr from 'ipaddr.js';

type Address = ipaddr.IPv4 | ipaddr.IPv6;
export type Network = readonly [address: Address, prefix: number];

/** A network in CIDR notation.
 * @throws Error that says what is wrong with it */
export function parseNetwork(text: string): Network {
  const slash = text.indexOf('/');
  const address = slash === -1 ? undefined : parseAddress(text.slice(0, slash));
  const length = text.slice(slash + 1);
  if (address === undefined || !/^\d{1,3}$/.test(length)) throw new Error('not an IP network in CIDR notation');
  const bytes = address.toByteArray();
  const prefix = Number(length);
  if (prefix > bytes.length * 8) throw new Error(`a prefix of ${prefix} bits is longer than the address`);
  if (bytes.some((byte, i) => (byte & (0xff >> Math.min(8, Math.max(0, prefix - i * 8)))) !== 0)) {
    throw new Error(`bits are set after the first ${prefix}`);
  }
  return isMapped(address) && prefix >= 96 ? [address.toIPv4Address(), prefix - 96] : [address, prefix];
}

/** A network in CIDR notation, or one address.
 * @throws Error that says what is wrong with it */
export function parseNetworkOrAddress(text: string): Network {
  const address = parseAddress(text);
  if (address === undefined) return parseNetwork(text);
  const plain = isMapped(address) ? address.toIPv4Address() : address;
  return [plain, plain.toByteArray().length * 8];
}

/** Whether a text is an address in one of the networks. IPv4 in IPv6 (`::ffff:10.0.0.1`) is IPv4. */
export function isWithinAny(networks: readonly Network[], text: string): boolean {
  const address = parseAddress(text);
  if (address === undefined) return false;
  const plain = isMapped(address) ? address.toIPv4Address() : address;
  return networks.some(([network, prefix]) => plain.kind() === network.kind() && plain.match(network, prefix));
}

/** Ranges whose addresses are not routed on the internet, by their names in ipaddr.js. Those for documentation are not among
 * them: rules are tried out with such addresses. */
const NOT_PUBLIC: ReadonlySet<string> = new Set([
  ...['private', 'loopback', 'linkLocal', 'uniqueLocal', 'carrierGradeNat', 'unspecified', 'broadcast', 'multicast'],
]);

/** Whether a text is an address on the internet. */
export function isPublic(text: string): boolean {
  const address = parseAddress(text);
  if (address === undefined) return false;
  return !NOT_PUBLIC.has((isMapped(address) ? address.toIPv4Address() : address).range());
}

/** The address to judge among those of hops, the nearest of which is last: the nearest one on the internet, or else the
 * nearest. Undefined if there is none. */
export function judgedOf(hops: readonly string[]): string | undefined {
  return hops.findLast(isPublic) ?? hops.at(-1);
}

/** Whether a text is an address, without the zone of a link. */
export function isAddress(text: string): boolean {
  return !text.includes('%') && parseAddress(text) !== undefined;
}

/** An address in its canonical spelling, IPv4 in IPv6 as IPv4; undefined for what is not an address. */
export function canonicalAddress(text: string): string | undefined {
  const address = parseAddress(text);
  if (address === undefined) return undefined;
  return (isMapped(address) ? address.toIPv4Address() : address).toString();
}

/** Dotted or colon notation only: ipaddr.js alone would accept `10` and `0x7f.1` as addresses. */
function parseAddress(text: string): Address | undefined {
  if (text.length > 64) return undefined;
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return ipaddr.IPv4.parse(text);
  return text.includes(':') && ipaddr.IPv6.isValid(text) ? ipaddr.IPv6.parse(text) : undefined;
}

function isMapped(address: Address): address is ipaddr.IPv6 {
  return address.kind() === 'ipv6' && (address as ipaddr.IPv6).isIPv4MappedAddress();
}
