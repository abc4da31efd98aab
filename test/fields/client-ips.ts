/** Rows of `clientIPs` and `clientIP`: the address to evaluate, whatever a client puts into X-Forwarded-For. */
import type { Row } from './event.ts';

const forged = ['10.0.0.1', '203.0.113.5'];
const balanced = ['203.0.113.5', '10.1.2.3'];
const bothPublic = ['198.51.100.1', '203.0.113.5'];
const realIp = ['203.0.113.5', '10.0.0.1'];
const allPrivate = ['10.0.0.1', '10.1.2.3'];
const many = [...Array.from({ length: 1000 }, (_, n) => `10.0.${n >> 8}.${n & 255}`), '203.0.113.5'];

const rows: [
  name: string,
  sourceIPs: unknown,
  proxies: string[] | undefined,
  clientIPs: unknown[],
  clientIP: unknown,
][] = [
  ['a forged private address', forged, undefined, forged, '203.0.113.5'],
  ['a load balancer that is not named', balanced, undefined, balanced, '203.0.113.5'],
  ['two public addresses', bothPublic, undefined, bothPublic, '203.0.113.5'],
  ['private addresses alone', allPrivate, undefined, allPrivate, '10.1.2.3'],
  ['one address', ['203.0.113.5'], undefined, ['203.0.113.5'], '203.0.113.5'],
  ['a forged private address, no proxies', forged, [], ['203.0.113.5'], '203.0.113.5'],
  ['a forged public address, no proxies', balanced, [], ['10.1.2.3'], '10.1.2.3'],
  ['a load balancer that is named', balanced, ['10.1.0.0/16'], ['203.0.113.5'], '203.0.113.5'],
  ['a public proxy that is named by its address', bothPublic, ['203.0.113.5'], ['198.51.100.1'], '198.51.100.1'],
  ['X-Forwarded-For before a named proxy', [...forged, '10.1.2.3'], ['10.1.2.3'], forged, '203.0.113.5'],
  ['X-Real-Ip before a named proxy', [...realIp, '10.1.2.3'], ['10.1.2.3'], realIp, '203.0.113.5'],
  ['X-Real-Ip that is public', [...bothPublic, '10.1.2.3'], ['10.1.2.3'], bothPublic, '203.0.113.5'],
  [
    'X-Real-Ip between named proxies',
    ['203.0.113.5', '10.1.2.4', '10.0.0.1', '10.1.2.3'],
    ['10.1.0.0/16'],
    realIp,
    '203.0.113.5',
  ],
  [
    'X-Real-Ip that names a proxy',
    ['10.0.0.1', '203.0.113.5', '10.1.2.4', '10.1.2.3'],
    ['10.1.0.0/16'],
    ['203.0.113.5'],
    '203.0.113.5',
  ],
  ['X-Real-Ip of a peer that is no proxy', [...forged, '10.9.9.9'], ['10.1.2.3'], ['10.9.9.9'], '10.9.9.9'],
  ['two named proxies', [...forged, '10.1.2.3', '10.1.2.4'], ['10.1.0.0/16'], ['203.0.113.5'], '203.0.113.5'],
  ['a named network in the middle alone', balanced, ['203.0.113.0/24'], ['10.1.2.3'], '10.1.2.3'],
  ['named proxies alone', allPrivate, ['10.0.0.0/8'], ['10.0.0.1'], '10.0.0.1'],
  ['IPv6', ['fd00::1', '2001:db8::7'], undefined, ['fd00::1', '2001:db8::7'], '2001:db8::7'],
  ['an IPv6 proxy that is named', ['2001:db8::7', 'fd00::1'], ['fd00::/8'], ['2001:db8::7'], '2001:db8::7'],
  ['IPv4 in IPv6', ['203.0.113.5', '::ffff:10.1.2.3'], ['10.1.2.3'], ['203.0.113.5'], '203.0.113.5'],
  ['ports', ['203.0.113.5:443', '[2001:db8::7]:80'], undefined, ['203.0.113.5', '2001:db8::7'], '2001:db8::7'],
  ['a zone', ['fe80::1%eth0'], undefined, ['fe80::1'], 'fe80::1'],
  ['a word of Google', ['private'], undefined, ['private'], 'private'],
  ['text that is no address', ['203.0.113.5', 'unknown'], undefined, ['203.0.113.5', 'unknown'], '203.0.113.5'],
  ['text that is no address, no proxies', ['203.0.113.5', 'unknown'], [], ['unknown'], 'unknown'],
  ['empty texts', ['', '203.0.113.5', ''], undefined, ['203.0.113.5'], '203.0.113.5'],
  ['a thousand hops', many, undefined, many, '203.0.113.5'],
  ['a thousand hops before a proxy', [...many, '10.9.9.9'], ['10.9.0.0/16'], many.slice(-2), '203.0.113.5'],
  ['no address', [], undefined, [], undefined],
];

export const clientIPs: Row[] = rows.flatMap(([name, sourceIPs, proxies, all, one]): Row[] => [
  [name, { sourceIPs, proxies }, 'clientIPs', all],
  [`${name}: the one that is judged`, { sourceIPs, proxies }, 'clientIP', one === undefined ? [] : [one]],
]);
