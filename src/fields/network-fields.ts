/** The fields that say which network a client is in: by databases of addresses, where the operator names some. */
import type { Located } from '../enrichment/databases.ts';
import { canonicalAddress, isPublic, judgedOf } from '../network.ts';
import { everywhere, type Field, sometimes } from './field.ts';
import { missing } from './found.ts';

const unknown = sometimes(everywhere, 'without a database (setting `enrichment.mmdb`) and for addresses that none has');

export const networkFields: readonly (readonly [name: string, field: Field])[] = [
  [
    'clientASN',
    {
      doc: 'Number of the autonomous system that clientIP is in: `64500`. Absent for an address that is not on the internet.',
      source: 'sourceIPs, enrichment.mmdb',
      unknown,
      read: located('asn'),
    },
  ],
  [
    'clientASOrganization',
    {
      doc: 'Who runs that autonomous system, as the database spells it. Absent for an address that is not on the internet.',
      source: 'sourceIPs, enrichment.mmdb',
      unknown,
      read: located('asOrganization'),
    },
  ],
  [
    'clientCountry',
    {
      doc: 'Country of clientIP, in two letters: `DE`. Absent for an address that is not on the internet.',
      source: 'sourceIPs, enrichment.mmdb',
      unknown,
      read: located('country'),
    },
  ],
  [
    'clientNetwork',
    {
      doc: 'The network of clientIP, to tell it from others: `AS64500` where a database has its number, else the address.',
      source: 'sourceIPs, enrichment.mmdb',
      unknown: sometimes(['gke'], 'GKE: callers of which Google tells nothing'),
      read({ clientIPs, gaps }, _written, _path, databases) {
        const judged = judgedOf(clientIPs);
        if (judged === undefined) return missing(gaps.sourceIPs);
        const address = canonicalAddress(judged);
        const asn = address === undefined || !isPublic(address) ? undefined : databases.of(address).asn;
        return { values: [asn === undefined ? (address ?? judged) : `AS${asn}`] };
      },
    },
  ],
];

/** What Google writes for callers inside. */
const INSIDE = 'private';

function located(name: keyof Located): Field['read'] {
  return ({ clientIPs, gaps }, _written, _path, databases) => {
    const judged = judgedOf(clientIPs);
    if (judged === undefined) return missing(gaps.sourceIPs);
    const address = canonicalAddress(judged);
    if (judged === INSIDE || (address !== undefined && !isPublic(address))) return { values: [] };
    const value = address === undefined ? undefined : databases.of(address)[name];
    return value === undefined ? missing('not_located') : { values: [value] };
  };
}
