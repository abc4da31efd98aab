import { expect, test } from 'vitest';
import { databasesOf } from '../../src/enrichment/databases.ts';
import { databaseIn } from '../../src/enrichment/mmdb.ts';
import { mmdbOf, pointerTo } from './mmdb.ts';

const example = { autonomous_system_number: 64500, autonomous_system_organization: 'Example Net' };
const located = { asn: 64500, asOrganization: 'Example Net' };

test.each([24, 28, 32] as const)('finds addresses of both families in records of %d bits', (recordSize) => {
  const database = databaseIn(
    mmdbOf({ '198.51.100.0/24': example, '2001:db8::/32': { country: { iso_code: 'DE' } } }, { recordSize }),
  );
  expect(database.of('198.51.100.0')).toEqual(located);
  expect(database.of('198.51.100.255')).toEqual(located);
  expect(database.of('198.51.101.0')).toEqual({});
  expect(database.of('2001:db8:1::9')).toEqual({ country: 'DE' });
  expect(database.of('2001:db9::1')).toEqual({});
});

test('a database of IPv4 alone has nothing for IPv6 addresses', () => {
  const database = databaseIn(mmdbOf({ '0.0.0.0/1': example }, { ipVersion: 4 }));
  expect(database.of('1.2.3.4')).toEqual(located);
  expect(database.of('2001:db8::1')).toEqual({});
});

test.each([
  ['MaxMind ASN', example, located],
  ['MaxMind City', { country: { iso_code: 'DE' }, city: { names: { en: 'Berlin' } } }, { country: 'DE' }],
  [
    'IPinfo',
    { asn: 'AS64500', as_name: 'Example Net', country: 'Germany', country_code: 'DE' },
    { ...located, country: 'DE' },
  ],
  ['IPinfo, country by its code', { asn: 'AS64500', country: 'DE' }, { asn: 64500, country: 'DE' }],
  ['other words', { network: 'x', country: 'Germany', asn: 'Example' }, {}],
  ['other types', { autonomous_system_number: 'many', country: { iso_code: 7 }, as_name: true }, {}],
  ['zero', { autonomous_system_number: 0, autonomous_system_organization: '' }, {}],
  ['a text', 'DE', {}],
])('reads the fields of %s', (_, entry, expected) => {
  expect(databaseIn(mmdbOf({ '198.51.100.0/24': entry as object as any })).of('198.51.100.1')).toEqual(expected);
});

test('of several databases, the first that has a member is used', () => {
  const of = (entry: object) => ({
    ...{ path: 'x', stamp: '' },
    ...databaseIn(mmdbOf({ '198.51.100.0/24': entry as any })),
  });
  const databases = databasesOf([of(example), of({ ...example, autonomous_system_number: 7, country_code: 'DE' })]);
  expect(databases.of('198.51.100.1')).toEqual({ ...located, country: 'DE' });
  expect(databases.of('203.0.113.1')).toEqual({});
});

const whole = mmdbOf({ '198.51.100.0/24': example, '2001:db8::/32': example });

test('a truncated file is refused, wherever it is cut, or else lookups in it do not fail', () => {
  for (let length = 0; length < whole.length; length++) {
    expect(() => databaseIn(whole.subarray(0, length)), `${length}`).toThrow(/it is truncated|truncated or broken/);
    // The end is present, but not what it describes.
    let database: ReturnType<typeof databaseIn>;
    try {
      database = databaseIn(whole.subarray(length));
    } catch (error) {
      expect((error as Error).message).toMatch(/it is truncated|truncated or broken/);
      continue;
    }
    for (const address of ['198.51.100.1', '2001:db8::1']) {
      if (length === 0) expect(database.of(address)).toEqual(located);
      else expect(() => database.of(address)).not.toThrow();
    }
  }
});

test('a file is refused or read, whatever byte is changed, and a lookup never fails', () => {
  for (let index = 0; index < whole.length; index++) {
    for (const byte of [0x00, 0x27, 0xff]) {
      const changed = Buffer.from(whole);
      changed[index] = byte;
      try {
        const database = databaseIn(changed);
        for (const address of ['198.51.100.1', '2001:db8::1', '0.0.0.0', 'ffff::']) database.of(address);
      } catch (error) {
        expect((error as Error).message, `${index}`).toMatch(/^it is not a database|^its (metadata|tree)/);
      }
    }
  }
});

test('circular references, and ones that multiply, terminate', () => {
  const circle = databaseIn(mmdbOf({ '198.51.100.0/24': pointerTo(0) }));
  expect(circle.of('198.51.100.1')).toEqual({});
  // Sixty arrays, each of two references to the next: 2^60 values.
  const arrays = Array.from({ length: 60 }, (_, i) =>
    Buffer.concat([Buffer.of(2, 4), ...[0, 1].map(() => pointerTo((i + 1) * 6))]),
  );
  const end = Buffer.from([0x40]);
  const laughs = databaseIn(mmdbOf({ '198.51.100.0/24': Buffer.concat([...arrays, end]) }));
  expect(laughs.of('198.51.100.1')).toEqual({});
});

test('references that multiply in the metadata terminate', () => {
  const head = mmdbOf({ '198.51.100.0/24': example });
  const marker = head.lastIndexOf('MaxMind.com') + 'MaxMind.com'.length;
  const arrays = Array.from({ length: 60 }, (_, i) =>
    Buffer.concat([Buffer.of(2, 4), ...[0, 1].map(() => pointerTo((i + 1) * 6))]),
  );
  expect(() => databaseIn(Buffer.concat([head.subarray(0, marker), ...arrays, Buffer.of(0x40)]))).toThrow(
    'it is not a database',
  );
});

test.each([
  ['an empty file', Buffer.alloc(0)],
  ['a text', Buffer.from('not a database')],
  ['gzip', Buffer.from([0x1f, 0x8b, 8, 0])],
])('%s is refused', (_, bytes) => {
  expect(() => databaseIn(bytes)).toThrow('it is not a database in the format of MaxMind (MMDB), or it is truncated');
});
