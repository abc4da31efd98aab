/** Reads one member of an entry of Cloud Audit Logs, or what stands around the members of its event, as part of a sample
 * entry, with the code that normalizes whole records. */
import { isDeepStrictEqual } from 'node:util';
import type { JsonMap } from '../json/map.ts';
import { type NormalizeOptions, normalize } from '../normalizers/index.ts';
import type { AuditEvent } from '../record.ts';
import { onlyEvent, type Samples } from './members.ts';

/** An entry in which everything that Cloud Audit Logs contain is known, with some of its members. */
function entryWith({
  user = { principalEmail: 'ann@example.com' },
  sourceIPs = '10.0.0.1',
  userAgent = 'kubectl',
  annotations = {},
  responseStatus = {},
}: JsonMap): JsonMap {
  return {
    insertId: '0',
    timestamp: '2026-01-01T00:00:00.000000Z',
    labels: annotations,
    operation: { id: '0', producer: 'k8s.io', first: true, last: true },
    protoPayload: {
      serviceName: 'k8s.io',
      methodName: 'io.k8s.core.v1.pods.get',
      resourceName: 'core/v1/namespaces/default/pods/web',
      authenticationInfo: user,
      requestMetadata: { callerIp: sourceIPs, callerSuppliedUserAgent: userAgent },
      status: responseStatus,
    },
  };
}

/** An entry that leaves unknown everything that can be unknown. */
const bare: JsonMap = { protoPayload: { serviceName: 'k8s.io', methodName: 'io.k8s.core.v1.pods.get' } };

/** Keys that stand for nothing but themselves: others may be paths into the entry. */
const PLAIN_KEY = /^[A-Za-z]+$/;

/** Samples in the format of Cloud Audit Logs. */
export function entrySamples(options: NormalizeOptions): Samples {
  const eventOf = (entry: JsonMap) => onlyEvent(normalize(entry, options));
  /** What no member of an entry may change except those around it. */
  const fixedOf = ({ gaps, cluster, dryRun }: AuditEvent) => ({ gaps, cluster, dryRun });
  return {
    eventWith(members) {
      const plain = eventOf(entryWith({}));
      const event = eventOf(entryWith(members));
      return plain && event && isDeepStrictEqual(fixedOf(event), fixedOf(plain)) ? event : undefined;
    },
    leavesEventAsIs: (surround) =>
      [entryWith({}), bare].every((entry) => {
        if (!Object.keys(surround(entry)).every((key) => PLAIN_KEY.test(key))) return false;
        const { cluster, ...plain } = eventOf(entry)!;
        const event = eventOf(surround(entry));
        if (event === undefined) return false;
        const { cluster: other, ...others } = event;
        return isDeepStrictEqual(others, plain);
      }),
  };
}
