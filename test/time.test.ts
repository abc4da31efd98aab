import { describe, expect, it } from 'vitest';
import { eventTime, unixNanoFromEventTime, unixNanoFromFluentDate, unixNanoFromRfc3339 } from '../src/time.ts';
import fc from './properties.ts';

describe('unixNanoFromRfc3339', () => {
  it.each([
    ['2023-11-14T22:13:20Z', 1_700_000_000_000_000_000n],
    ['2023-11-14T22:13:20.123456789Z', 1_700_000_000_123_456_789n],
    ['2023-11-14T22:13:20.5Z', 1_700_000_000_500_000_000n],
    ['2023-11-14t22:13:20.123456z', 1_700_000_000_123_456_000n],
    ['2023-11-15T00:13:20+02:00', 1_700_000_000_000_000_000n],
    ['2023-11-14T16:43:20-05:30', 1_700_000_000_000_000_000n],
    ['1969-12-31T23:59:59.9Z', -100_000_000n],
    ['0001-01-01T00:00:00Z', -62_135_596_800_000_000_000n],
    ['2024-02-29T00:00:00Z', 1_709_164_800_000_000_000n],
    ['2016-12-31T23:59:60Z', 1_483_228_800_000_000_000n],
  ])('reads %s', (text, unixNano) => {
    expect(unixNanoFromRfc3339(text)).toBe(unixNano);
  });

  it.each([
    '',
    '2023-11-14',
    '2023-11-14T22:13:20',
    '2023-11-14T22:13:20.Z',
    '2023-11-14T22:13:20.1234567890Z',
    '2023-02-30T00:00:00Z',
    '2023-13-01T00:00:00Z',
    '2023-11-14T24:00:00Z',
    '2023-11-14T22:60:00Z',
    '2023-11-14T22:13:61Z',
    '2023-11-14T22:13:20+0200',
    '2023-11-14T22:13:20Z ',
    '١٢٣٤-11-14T22:13:20Z',
  ])('does not accept %j as a time', (text) => {
    expect(unixNanoFromRfc3339(text)).toBeUndefined();
  });

  it('agrees with Date to the millisecond', () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date('0001-01-01T00:00:00Z'), max: new Date('9999-12-31'), noInvalidDate: true }),
        (date) => {
          expect(unixNanoFromRfc3339(date.toISOString())).toBe(BigInt(date.getTime()) * 1_000_000n);
        },
      ),
    );
  });
});

describe('unixNanoFromFluentDate', () => {
  it.each([
    ['double', '1700000000.123457', 1_700_000_000_123_457_000n],
    ['double with nine digits', '1700000000.123456789', 1_700_000_000_123_456_789n],
    ['epoch', '1700000000', 1_700_000_000_000_000_000n],
    ['epoch_ms', '1700000000123', 1_700_000_000_123_000_000n],
    ['iso8601', '"2023-11-14T22:13:20.123456Z"', 1_700_000_000_123_456_000n],
    ['java_sql_timestamp', '"2023-11-14 22:13:20.123456"', 1_700_000_000_123_456_000n],
  ])('reads the format %s exactly', (_, json, unixNano) => {
    expect(unixNanoFromFluentDate(json)).toBe(unixNano);
  });

  it.each([
    ['a time before 1970', '"1969-12-31T23:59:59Z"'],
    ['a negative number', '-1'],
    ['a time that would close a group', '4294967294'],
    ['a time that would open a group', '4294967295.5'],
    ['a time after 2106', '"2107-01-01T00:00:00Z"'],
    ['nanoseconds', '1700000000123456789'],
    ['text', '"yesterday"'],
    ['a map', '{}'],
    ['nan', 'nan'],
  ])('does not accept %s as a time', (_, json) => {
    expect(unixNanoFromFluentDate(json)).toBeUndefined();
  });
});

describe('eventTime', () => {
  it('is what Fluent Bit sends', () => {
    expect(Buffer.from(eventTime(1_700_000_000_123_456_789n)).toString('hex')).toBe('d7006553f100075bcd15');
  });

  it('reads back as it was written', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 0xfffffffen * 1_000_000_000n - 1n }), (unixNano) => {
        expect(unixNanoFromEventTime(eventTime(unixNano), 2)).toBe(unixNano);
      }),
    );
  });
});
