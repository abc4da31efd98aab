/** Names clusters: what another cluster logs is another group, at a time of its own. */
import { placeOf } from '../detect.ts';
import type { AuditEvent } from '../record.ts';
import { stableHash } from './values.ts';

/** @returns a function that names the cluster of an event; nearly always it is the one of the event before */
export function places(): (event: AuditEvent) => string {
  let last: AuditEvent['cluster'];
  let place = placeNamed(undefined);
  return ({ cluster }) => {
    const isSame =
      cluster === last ||
      (cluster !== undefined &&
        last !== undefined &&
        cluster.account === last.account &&
        cluster.region === last.region &&
        cluster.name === last.name);
    if (!isSame) place = placeNamed(cluster);
    last = cluster;
    return place;
  };
}

function placeNamed(cluster: AuditEvent['cluster']): string {
  return stableHash([JSON.stringify(placeOf({ cluster }))]);
}
