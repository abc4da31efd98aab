/** The fields that say which network a client is in, by address databases, if the operator configures any. */
import type { Located } from '../enrichment/databases.ts';
import { canonicalAddress, isPublic, judgedOf } from '../network.ts';
import { everywhere, type Field, sometimes } from './field.ts';
import { missing } from './found.ts';

const unknown = sometimes(everywhere, 'without a database (setting `enrichment.mmdb`), and for addresses not in it');

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
      doc: 'Who runs that autonomous system, as named in the database. Absent for an address that is not on the internet.',
      source: 'sourceIPs, enrichment.mmdb',
      unknown,
      read: located('asOrganization'),
    },
  ],
  [
    'clientCountry',
    {
      doc: 'Country of clientIP, as a two-letter code: `DE`. Absent for an address that is not on the internet.',
      source: 'sourceIPs, enrichment.mmdb',
      unknown,
      read: located('country'),
    },
  ],
  [
    'clientNetwork',
    {
      doc: 'The network of clientIP, to distinguish it from others: `AS64500` if a database has its number, else the address.',
      source: 'sourceIPs, enrichment.mmdb',
      unknown: sometimes(['gke'], 'GKE: callers about whom Google logs nothing'),
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

/** What Google logs for internal callers. */
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
