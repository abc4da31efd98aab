/** Rows of what databases know of the client's address: what they do not contain is unknown, and addresses that are not on the
 * internet have none. */
import { databasesOf } from '../../src/enrichment/databases.ts';
import { databaseIn } from '../../src/enrichment/mmdb.ts';
import { mmdbOf } from '../enrichment/mmdb.ts';
import type { Row } from './event.ts';

const known = {
  autonomous_system_number: 64500,
  autonomous_system_organization: 'Example Net',
  country: { iso_code: 'DE' },
};
const bytes = mmdbOf({ '198.51.100.0/24': known, '2001:db8::/32': { country_code: 'FR' }, '10.0.0.0/8': known });
const databases = databasesOf([{ path: 'a.mmdb', stamp: '', ...databaseIn(bytes) }]);

const by = (...sourceIPs: unknown[]) => ({ databases, sourceIPs });
const GAP = 'not_located';

export const networks: Row[] = [
  ['ASN', by('198.51.100.9'), 'clientASN', [64500]],
  ['organization', by('198.51.100.9'), 'clientASOrganization', ['Example Net']],
  ['country', by('198.51.100.9'), 'clientCountry', ['DE']],
  ['network', by('198.51.100.9'), 'clientNetwork', ['AS64500']],
  ['ASN of the address that is judged', by('198.51.100.9', '10.0.0.4'), 'clientASN', [64500]],
  ['ASN of IPv4 in IPv6', by('::ffff:198.51.100.9'), 'clientASN', [64500]],
  ['ASN of an entry that has none', by('2001:db8::7'), 'clientASN', [], GAP],
  ['country of an entry that has no ASN', by('2001:db8::7'), 'clientCountry', ['FR']],
  ['network of an entry that has no ASN', by('2001:db8::7'), 'clientNetwork', ['2001:db8::7']],
  ['network of an address in another spelling', by('2001:DB8:0::7'), 'clientNetwork', ['2001:db8::7']],
  ['ASN of an address that is not in it', by('203.0.113.5'), 'clientASN', [], GAP],
  ['network of an address that is not in it', by('203.0.113.5'), 'clientNetwork', ['203.0.113.5']],
  ['ASN of a private address, which has none', by('10.1.2.3'), 'clientASN', []],
  ['network of a private address', by('10.1.2.3'), 'clientNetwork', ['10.1.2.3']],
  ['ASN of a caller inside, on GKE', by('private'), 'clientASN', []],
  ['network of a caller inside, on GKE', by('private'), 'clientNetwork', ['private']],
  ['ASN of a text that is no address', by('unknown'), 'clientASN', [], GAP],
  ['ASN without a database', { sourceIPs: ['198.51.100.9'] }, 'clientASN', [], GAP],
  ['network without a database', { sourceIPs: ['198.51.100.9'] }, 'clientNetwork', ['198.51.100.9']],
  ['ASN of no address', by(), 'clientASN', []],
  ['ASN where the addresses are not known', { databases, sourceIPs: undefined }, 'clientASN', [], 'missing'],
  ['network where the addresses are not known', { databases, sourceIPs: undefined }, 'clientNetwork', [], 'missing'],
];
