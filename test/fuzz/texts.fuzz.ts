/** Readers of short texts, given any: times, addresses, request paths. */
import { isPublic, isWithinAny, parseNetworkOrAddress } from '../../src/network.ts';
import { objectOfUri } from '../../src/resource-path.ts';
import { eventTime, unixNanoFromEventTime, unixNanoFromFluentDate, unixNanoFromRfc3339 } from '../../src/time.ts';
import type { FuzzTarget } from './fuzz.ts';

const bytesOf = (...texts: string[]) => texts.map((text) => Buffer.from(text));

export const textTargets: readonly FuzzTarget[] = [
  {
    name: 'time',
    corpus: bytesOf(
      ...['2026-03-01T00:00:00.123456Z', '2026-02-28 23:59:60+01:30', '1772323200.123456', '1772323200123'],
      '"2026-03-01 00:00:00.123456"',
    ),
    run(bytes) {
      const text = Buffer.from(bytes).toString('latin1');
      const nano = unixNanoFromFluentDate(text);
      if (nano !== undefined && unixNanoFromEventTime(eventTime(nano), 2) !== nano) throw new Error('another time');
      const time = unixNanoFromRfc3339(text);
      if (time !== undefined && time / 1_000_000_000n > 253_402_300_800n + 86_400n) throw new Error('after year 9999');
    },
  },
  {
    name: 'network',
    runs: 500,
    corpus: bytesOf('10.0.0.0/8', '192.0.2.7', '::ffff:10.0.0.0/104', '2001:db8::/32', 'fe80::1%eth0'),
    run(bytes) {
      const text = Buffer.from(bytes).toString('latin1');
      isPublic(text);
      let network: ReturnType<typeof parseNetworkOrAddress>;
      try {
        network = parseNetworkOrAddress(text);
      } catch {
        // It says what is wrong with it.
        return;
      }
      if (!text.includes('/') && !isWithinAny([network], text)) throw new Error('an address that is not in itself');
    },
  },
  {
    name: 'request path',
    corpus: bytesOf(
      ...['/api/v1/namespaces/shop/pods/web-1/exec?command=sh', '/apis/apps/v1/watch/deployments', '/healthz'],
      '/api/v1/namespaces/a%2Fb/pods/%zz',
    ),
    run(bytes) {
      const found = objectOfUri(Buffer.from(bytes).toString());
      if (found !== undefined && found.resource === '') throw new Error('an object of no resource');
    },
  },
];
