/** Finds the audit events in a record, whichever platform logged them and whatever was wrapped around them. */

import { DEFAULT_MAX_DEPTH } from '../json/depth.ts';
import { embedded, type InflateBudget } from '../json/embedded.ts';
import { CUT, isMap, type JsonMap, textAt } from '../json/map.ts';
import { parseNetworkOrAddress } from '../network.ts';
import { Problem, recordProblem } from '../problem.ts';
import type { AuditEvent, Platform } from '../record.ts';
import { aks } from './aks.ts';
import { auditEvent, type EventSettings } from './audit-event.ts';
import { ecs } from './ecs.ts';
import { eks } from './eks.ts';
import { envelopes } from './envelopes.ts';
import { restoreNested } from './flattened.ts';
import { gke } from './gke.ts';
import { kubernetes } from './kubernetes.ts';
import type { Context, Normalizer, Reading } from './normalizer.ts';
import { ocsf } from './ocsf.ts';
import { openshift } from './openshift.ts';
import { otlp } from './otlp.ts';

export type { InflateBudget };

/** Every known shape. The first one that yields an event counts. A platform that recognizes plain events by their content
 * comes before `kubernetes`; those that guess from the names of keys come last. */
export const normalizers: readonly Normalizer[] = [gke, openshift, eks, aks, kubernetes, ocsf, ecs, otlp, envelopes];

export interface NormalizeOptions {
  /** Platform of events that do not name it. */
  platform?: Platform;
  /** Name of the cluster, for records that do not name it. */
  cluster?: string;
  /** Nesting levels of JSON inside a string that are read. */
  maxDepth?: number;
  /** Addresses and networks (CIDR) of the proxies in front of the API server. Default: not known. */
  trustedProxies?: readonly string[];
}

export type Normalized =
  /** One or more events, in order. `problem` says what else in the record could not be read. */
  | { kind: 'audit'; events: [AuditEvent, ...AuditEvent[]]; problem?: Problem }
  | { kind: 'not_audit' }
  | { kind: 'malformed'; problem: Problem };

/** Wrappers inside wrappers; the longest known chain, OVHcloud through Kafka, has four. */
const MAX_WRAPPERS = 6;
const MAX_EVENTS = 100_000;
const MAX_INFLATED_BYTES = 256 * 1024 * 1024;

interface Search {
  options: NormalizeOptions;
  settings: EventSettings;
  events: AuditEvent[];
  problem?: Problem;
  inflate: InflateBudget;
}

/** The audit events in the value of a record. An unreadable part does not hide the events beside it; a record that holds
 * something unreadable but no event is malformed.
 * @param inflate shared by the records of a batch, so that many small ones cannot cost more than one large one may */
export function normalize(
  value: unknown,
  options: NormalizeOptions = {},
  inflate: InflateBudget = inflateBudget(),
): Normalized {
  const search: Search = { options, settings: settingsOf(options), events: [], inflate };
  visit(value, { depth: 0, context: {} }, search);
  const { events, problem } = search;
  const [first, ...rest] = events;
  if (first !== undefined)
    return { kind: 'audit', events: [first, ...rest], ...(problem !== undefined && { problem }) };
  return problem === undefined ? { kind: 'not_audit' } : { kind: 'malformed', problem };
}

const parsed = new WeakMap<NormalizeOptions, EventSettings>();

/** Parsed once for the options of a pipeline.
 * @throws Error if a proxy is not an address or network */
function settingsOf(options: NormalizeOptions): EventSettings {
  let settings = parsed.get(options);
  if (settings === undefined) {
    const { maxDepth = DEFAULT_MAX_DEPTH, trustedProxies } = options;
    settings = { maxDepth, trustedProxies: trustedProxies?.map(parseNetworkOrAddress) };
    parsed.set(options, settings);
  }
  return settings;
}

/** How much the gzip data in the records of one batch may inflate to. */
export function inflateBudget(): InflateBudget {
  return { remaining: MAX_INFLATED_BYTES };
}

/** What the wrappers around a value say about it. */
interface Enclosing {
  depth: number;
  context: Context;
  /** The name that a key beside the wrappers gives the cluster. */
  clusterName?: string;
}

function visit(value: unknown, enclosing: Enclosing, search: Search): void {
  if (enclosing.depth > MAX_WRAPPERS) {
    search.problem ??= new Problem('record.too_deep', `more than ${MAX_WRAPPERS} wrappers around an event`);
  } else if (value instanceof Problem) {
    search.problem ??= value;
  } else if (typeof value === 'string') {
    for (const each of embedded(value, search.inflate, search.settings.maxDepth)) visit(each, enclosing, search);
  } else if (Array.isArray(value)) {
    // Lists, and texts in lists, count as wrappers, so that no input makes this recursion deep.
    const below = { ...enclosing, depth: enclosing.depth + 1 };
    for (const each of value) visit(each, isMap(each) ? enclosing : below, search);
  } else if (isMap(value)) {
    visitMap(value, { ...enclosing, clusterName: clusterNameIn(value) ?? enclosing.clusterName }, search);
  }
}

function visitMap(original: JsonMap, enclosing: Enclosing, search: Search): void {
  const map = restoreNested(original);
  const found = search.events.length;
  /** A value that holds no event by one shape holds none by another. */
  const tried = new Set<unknown>();
  for (const normalizer of normalizers) {
    const reading = normalizer.read(map, enclosing.context);
    if (reading?.kind === 'audit') {
      addEvent(reading, enclosing, search);
      return;
    }
    if (reading === undefined) continue;
    const below = { ...enclosing, depth: enclosing.depth + 1, context: reading.context };
    for (const group of reading.groups) {
      for (const value of group) {
        if (tried.has(value)) continue;
        tried.add(value);
        visit(value, below, search);
      }
      if (search.events.length > found) break;
    }
    if (search.events.length > found) break;
  }
  if (map[CUT] !== undefined && Object.keys(map).length > 0) {
    const last = Object.keys(map).at(-1)?.slice(0, 100);
    search.problem ??= new Problem('record.malformed', `the record is cut after '${last}': there was more in it`);
  }
}

function addEvent({ source, context }: Reading & { kind: 'audit' }, { clusterName }: Enclosing, search: Search): void {
  if (search.events.length === MAX_EVENTS) {
    search.problem ??= new Problem('record.malformed', `the record holds more than ${MAX_EVENTS} audit events`);
    return;
  }
  const { platform = search.options.platform ?? context.platformOfUser, cluster } = context;
  const name = clusterName ?? cluster?.name ?? search.options.cluster;
  const placed = name === undefined ? { platform } : { platform, cluster: { ...cluster, name } };
  try {
    search.events.push(auditEvent(source, placed, search.settings));
  } catch (error) {
    // The other events of the record are still read.
    search.problem ??= recordProblem(error);
  }
}

/** Keys that people add to records to distinguish clusters, by rank. */
const CLUSTER_KEYS = [
  ['cluster'],
  ['cluster_name'],
  ['_gdch_cluster'],
  ['openshift', 'cluster_id'],
  ['p_source_label'],
  ['stream', 'cluster'], // labels of Loki
  ['labels', 'cluster'],
  ['k8s.cluster.name'], // OpenTelemetry
];

function clusterNameIn(map: JsonMap): string | undefined {
  return CLUSTER_KEYS.map((keys) => textAt(map, ...keys)).find((name) => name !== undefined && name !== '');
}
