/** Names clusters: what another cluster logs is in another group, and has its own time. */
import { placeOf } from '../finding.ts';
import type { AuditEvent } from '../record.ts';
import type { Handle } from '../state/store.ts';
import { stableHash } from './values.ts';

/** How many clusters' names are kept. */
const MAX_KNOWN = 1000;

/** A cluster, and where the store has what is kept of it. */
export interface Place {
  readonly name: string;
  readonly clock: Handle;
  /** By the numbers of correlations, since when each learns. */
  readonly since: Handle[];
}

/** @returns a function that names the cluster of an event; nearly always it is the one of the event before */
export function places(): (event: AuditEvent) => Place {
  let last: AuditEvent['cluster'];
  let place = placeNamed(JSON.stringify(undefined));
  const known = new Map<string, Place>();
  return ({ cluster }) => {
    const isSame =
      cluster === last ||
      (cluster !== undefined &&
        last !== undefined &&
        cluster.account === last.account &&
        cluster.region === last.region &&
        cluster.name === last.name);
    last = cluster;
    if (isSame) return place;
    const text = JSON.stringify(placeOf({ cluster }));
    place = known.get(text) ?? placeNamed(text);
    if (known.size >= MAX_KNOWN) known.clear();
    known.set(text, place);
    return place;
  };
}

/** The ids of findings depend on it. */
function placeNamed(text: string): Place {
  return { name: stableHash([text]), clock: {}, since: [] };
}
