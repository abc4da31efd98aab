/** What address databases know, as given in a case. */
import type { Located } from '../enrichment/databases.ts';
import { type Enrichment, noEnrichment } from '../enrichment/index.ts';
import { isMap, member } from '../json/map.ts';
import { isWithinAny, parseNetworkOrAddress } from '../network.ts';

/** By network (CIDR) or address; the first that contains an address counts. */
export type Networks = Readonly<Record<string, Located>>;

/** For each member, whether a value is valid. */
const members: Record<keyof Located, (value: unknown) => boolean> = {
  asn: (value) => Number.isSafeInteger(value) && (value as number) > 0,
  asOrganization: (value) => typeof value === 'string' && value !== '',
  country: (value) => typeof value === 'string' && /^[A-Z]{2}$/.test(value),
};

export function isNetworks(value: unknown): value is Networks {
  return isMap(value) && Object.entries(value).every(([network, located]) => isNetwork(network) && isLocated(located));
}

function isNetwork(text: string): boolean {
  try {
    return parseNetworkOrAddress(text) !== undefined;
  } catch {
    return false;
  }
}

function isLocated(value: unknown): boolean {
  if (!isMap(value)) return false;
  return Object.keys(value).every((key) => {
    return Object.hasOwn(members, key) && members[key as keyof Located](member(value, key));
  });
}

/** Enrichment that knows these networks and nothing else. */
export function knowing(networks: Networks): Enrichment {
  const known = Object.entries(networks).map(([text, located]) => [[parseNetworkOrAddress(text)], located] as const);
  const of = (address: string): Located => known.find(([network]) => isWithinAny(network, address))?.[1] ?? {};
  return { ...noEnrichment, databases: { files: [], of } };
}
