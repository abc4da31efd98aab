import { expect, test } from 'vitest';
import { LazyEvent } from '../../src/audit/lazy-event.ts';
import { EventTimes } from '../../src/correlate/event-time.ts';
import type { AuditEvent } from '../../src/record.ts';
import { unixNanoFromRfc3339 } from '../../src/time.ts';
import fc from '../properties.ts';

const eventAt = (requestReceivedTimestamp: string, stageTimestamp = '') =>
  ({ requestReceivedTimestamp, stageTimestamp }) as AuditEvent;
/** An event whose time is read from bytes. */
class EventInBytes extends LazyEvent {
  readonly common = undefined;
  readonly stageTimestamp = '';
  readonly requestReceivedTimestamp: string;
  constructor(time: string) {
    super();
    this.requestReceivedTimestamp = time;
  }
  whole(): AuditEvent {
    throw new Error('all of it is read');
  }
  mayName(): boolean {
    return true;
  }
  received(read: Parameters<LazyEvent['received']>[0]): number {
    const bytes = Buffer.from(`"${this.requestReceivedTimestamp}"`);
    return read(bytes, 1, bytes.length - 1);
  }
}
const inBytes = (text: string) => new EventInBytes(text) as unknown as AuditEvent;
const plainly = (text: string) => {
  const nanos = unixNanoFromRfc3339(text);
  return nanos === undefined ? undefined : Number(nanos / 1000n);
};

test('the time of an event does not depend on what was read before', () => {
  const digits = (length: number) => fc.stringMatching(new RegExp(`^[0-9]{${length}}$`));
  const text = fc
    .tuple(
      fc.constantFrom(
        '2026-01-02T03:00',
        '2026-01-02T03:01',
        '2026-02-30T03:00',
        '2026-01-02 03:00',
        '2026-13-02T03:00',
      ),
      fc.constantFrom(':00', ':59', ':60', ':61', ':5', ': 1', ':-1', '.00'),
      fc.oneof(
        fc.constantFrom('', '.', '.x', '.1x'),
        fc.nat(11).chain((n) => digits(n).map((all) => `.${all}`)),
      ),
      fc.constantFrom('Z', 'Z', 'Z', 'z', '+00:00', '+01:30', '', 'ZZ'),
    )
    .map((parts) => parts.join(''));
  let known = 0;
  fc.assert(
    fc.property(fc.array(text, { minLength: 2, maxLength: 12 }), fc.boolean(), (texts, isInBytes) => {
      const times = new EventTimes();
      for (const one of texts) {
        const time = times.of(isInBytes ? inBytes(one) : eventAt(one));
        expect(time).toBe(plainly(one));
        expect(times.isStandIn).toBe(false);
        if (time !== undefined) known++;
      }
    }),
    { numRuns: 400 },
  );
  expect(known).toBeGreaterThan(100);
});

test('the time is that of the answer if that of the request is not known', () => {
  const times = new EventTimes();
  const [first, second] = ['2026-01-02T03:00:01.5Z', '2026-01-02T03:00:02.5Z'];
  expect(times.of(eventAt(first))).toBe(plainly(first));
  expect(times.of(eventAt('', second))).toBe(plainly(second));
  expect(times.isStandIn).toBe(false);
  expect(times.of(eventAt('2026-01-02T03:00:99Z', second))).toBe(plainly(second));
  expect(times.isStandIn).toBe(true);
  expect(times.of(eventAt('2026-01-02T03:00:9\u0139Z', second))).toBe(plainly(second));
  expect(times.of(eventAt('soon', 'later'))).toBeUndefined();
});
