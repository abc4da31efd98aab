/** Reads one member of an event, or what stands around an event, as part of a sample event, with the code that normalizes
 * whole records. */
import { isDeepStrictEqual } from 'node:util';
import { CUT, isMap, type JsonMap } from '../json/map.ts';
import { type Normalized, type NormalizeOptions, normalize } from '../normalizers/index.ts';
import type { AuditEvent } from '../record.ts';

/** An event in which everything is known, to hold one member of another. */
const sample = {
  kind: 'Event',
  apiVersion: 'audit.k8s.io/v1',
  level: 'Metadata',
  auditID: '0',
  stage: 'ResponseComplete',
  requestURI: '/api/v1/namespaces/default/pods/web',
  verb: 'get',
  user: { username: 'ann', groups: [] },
  sourceIPs: ['10.0.0.1'],
  userAgent: 'kubectl',
  objectRef: { resource: 'pods', namespace: 'default', name: 'web', apiVersion: 'v1' },
  responseStatus: { code: 200 },
  requestReceivedTimestamp: '2026-01-01T00:00:00.000000Z',
  stageTimestamp: '2026-01-01T00:00:00.000000Z',
  annotations: {},
};

/** Sample events, and what they become with members of others. */
export interface Samples {
  /** The event that the sample becomes with other members beside or in place of its own, or undefined if these leave
   * anything in it unknown. */
  eventWith(members: JsonMap): AuditEvent | undefined;
  /** Whether what stands around an event leaves it as it is except for its platform and cluster, whichever members it has.
   * @param surround puts an event where it stands in a record */
  leavesEventAsIs(surround: (event: JsonMap) => JsonMap): boolean;
}

/** Samples in the format of kube-apiserver. */
export function eventSamples(options: NormalizeOptions): Samples {
  return {
    eventWith: (members) => eventWith(members, options),
    leavesEventAsIs: (surround) => leavesEventAsIs(surround, options),
  };
}

function eventWith(members: JsonMap, options: NormalizeOptions): AuditEvent | undefined {
  const plain = onlyEvent(normalize({ ...sample }, options));
  const event = onlyEvent(normalize({ ...sample, ...members }, options));
  return plain && event && isDeepStrictEqual(event.gaps, plain.gaps) ? event : undefined;
}

function leavesEventAsIs(surround: (event: JsonMap) => JsonMap, options: NormalizeOptions): boolean {
  const { kind, apiVersion } = sample;
  return [sample, { kind, apiVersion }].every((members) => {
    const { platform, cluster, ...plain } = onlyEvent(normalize({ ...members }, options))!;
    const event = onlyEvent(normalize(surround({ ...members }), options));
    if (event === undefined) return false;
    const { platform: otherPlatform, cluster: otherCluster, ...others } = event;
    return isDeepStrictEqual(others, plain);
  });
}

/** The event of a record that holds one, and nothing that could not be read. */
export function onlyEvent(normalized: Normalized): AuditEvent | undefined {
  return normalized.kind === 'audit' && normalized.events.length === 1 && normalized.problem === undefined
    ? normalized.events[0]
    : undefined;
}

/** Whether a value, or something in it, could only be read in part. */
export function isMarked(value: unknown): boolean {
  return isMap(value) && value[CUT] !== undefined;
}
