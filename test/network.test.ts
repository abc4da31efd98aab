import { describe, expect, test } from 'vitest';
import { isPublic, isWithinAny, parseNetworkOrAddress } from '../src/network.ts';
import { tagsOf } from './tagged.ts';

describe('public addresses', () => {
  test.each<[string, boolean]>([
    ['203.0.113.5', true],
    ['8.8.8.8', true],
    ['2001:db8::1', true],
    ['::ffff:203.0.113.5', true],
    ['10.0.0.1', false],
    ['172.31.255.255', false],
    ['192.168.0.1', false],
    ['100.64.0.1', false],
    ['127.0.0.1', false],
    ['169.254.169.254', false],
    ['0.0.0.0', false],
    ['224.0.0.1', false],
    ['::1', false],
    ['::', false],
    ['fd00::1', false],
    ['fe80::1', false],
    ['::ffff:10.0.0.1', false],
    ['private', false],
    ['10', false],
    ['0x8.8.8.8', false],
    ['', false],
    ['1'.repeat(10_000), false],
  ])('%s', (address, expected) => {
    expect(isPublic(address)).toBe(expected);
  });
});

test('an address denotes the network that contains only itself', () => {
  const networks = ['192.0.2.7', '2001:db8::7', '::ffff:198.51.100.1'].map(parseNetworkOrAddress);
  const inside = ['192.0.2.7', '2001:db8::7', '198.51.100.1', '::ffff:192.0.2.7'];
  expect(inside.filter((address) => isWithinAny(networks, address))).toEqual(inside);
  expect(['192.0.2.8', '2001:db8::8', '192.0.2'].filter((address) => isWithinAny(networks, address))).toEqual([]);
});

describe('what a rule about public addresses finds', () => {
  const command = (sourceIPs: string[]) => ({
    kind: 'Event',
    apiVersion: 'audit.k8s.io/v1',
    auditID: '1',
    stage: 'ResponseComplete',
    requestURI: '/api/v1/nodes/n1/proxy/run/shop/web/c',
    verb: 'create',
    user: { username: 'mallory', groups: ['system:authenticated'] },
    sourceIPs,
    objectRef: { resource: 'nodes', name: 'n1', subresource: 'proxy', apiVersion: 'v1' },
    responseStatus: { code: 200 },
  });
  test.each<[string, string[], string[] | undefined, string]>([
    ['a forged private address hides nothing', ['10.0.0.1', '203.0.113.5'], undefined, 'critical'],
    ['a named proxy is passed over', ['203.0.113.5', '10.1.2.3'], ['10.1.2.3'], 'critical'],
    ['a forged X-Real-Ip hides nothing', ['203.0.113.5', '10.9.9.9', '10.1.2.3'], ['10.1.2.3'], 'critical'],
    ['a forged public address before a private peer', ['203.0.113.5', '10.9.9.9'], ['10.1.2.3'], 'high'],
    ['a forged public address, no proxies', ['203.0.113.5', '10.9.9.9'], [], 'high'],
  ])('%s', async (_name, sourceIPs, trustedProxies, level) => {
    const settings = trustedProxies === undefined ? {} : { trustedProxies };
    const [tag] = await tagsOf([command(sourceIPs)], { settings });
    expect(tag.findings).toContainEqual(expect.objectContaining({ rule: 'kubelet-proxy-command', level }));
  });
});
