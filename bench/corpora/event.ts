/** What the audit events of all corpora are built from: the members that every event has, in the API server's order. */
import { Random } from '../random.ts';

export interface Identity {
  username: string;
  uid?: string;
  groups: readonly string[];
  extra?: Readonly<Record<string, readonly string[]>>;
}

/** The caller: the same for as long as it runs. */
export interface Client {
  user: Identity;
  address: string;
  userAgent: string;
  reason: string;
}

export interface ObjectRef {
  resource: string;
  namespace?: string;
  name?: string;
  apiGroup?: string;
  apiVersion: string;
  subresource?: string;
}

export interface Request {
  client: Client;
  verb: string;
  uri: string;
  object?: ObjectRef;
  code: number;
  request?: unknown;
  response?: unknown;
  /** In addition to those of the authorizer. */
  annotations?: Readonly<Record<string, string>>;
  decision?: 'allow' | 'forbid';
}

/** 2026-03-02T00:00:00Z in milliseconds. */
const START = 1_772_409_600_000;
/** A cluster of some hundred nodes writes about a hundred records a second. */
const SPACING = 10;

/** When the record with this index was received, in milliseconds. */
export function timeOf(index: number): number {
  return START + index * SPACING;
}

export function rfc3339(milliseconds: number, microseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, -1)}${String(microseconds).padStart(3, '0')}Z`;
}

/** The time of an object, in whole seconds. */
export function second(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;
}

export function auditEvent(random: Random, index: number, made: Request): Record<string, unknown> {
  const { client, object, code } = made;
  const received = timeOf(index);
  const hasBodies = made.request !== undefined || made.response !== undefined;
  return {
    kind: 'Event',
    apiVersion: 'audit.k8s.io/v1',
    level: hasBodies ? (made.response === undefined ? 'Request' : 'RequestResponse') : 'Metadata',
    auditID: random.uuid(),
    stage: 'ResponseComplete',
    requestURI: made.uri,
    verb: made.verb,
    user: client.user,
    sourceIPs: [client.address],
    userAgent: client.userAgent,
    ...(object && { objectRef: object }),
    responseStatus: responseStatus(made),
    ...(made.request !== undefined && { requestObject: made.request }),
    ...(made.response !== undefined && { responseObject: made.response }),
    requestReceivedTimestamp: rfc3339(received, random.below(1000)),
    stageTimestamp: rfc3339(received + 1 + random.below(code === 200 && made.verb === 'watch' ? 400_000 : 9), 125),
    annotations: {
      'authorization.k8s.io/decision': made.decision ?? (code === 403 ? 'forbid' : 'allow'),
      'authorization.k8s.io/reason': code === 403 ? '' : client.reason,
      ...made.annotations,
    },
  };
}

function responseStatus({ code, object }: Request): Record<string, unknown> {
  if (code < 400) return { metadata: {}, code };
  const what = `${object?.resource ?? 'path'} "${object?.name ?? ''}"`;
  return {
    metadata: {},
    status: 'Failure',
    message: code === 404 ? `${what} not found` : `${what} is forbidden: access denied`,
    reason: code === 404 ? 'NotFound' : 'Forbidden',
    details: { name: object?.name, kind: object?.resource },
    code,
  };
}

/** The path of an object or of a collection. */
export function pathOf({ apiGroup, apiVersion, namespace, resource, name, subresource }: ObjectRef): string {
  const parts = [
    apiGroup ? `/apis/${apiGroup}/${apiVersion}` : `/api/${apiVersion}`,
    namespace && `namespaces/${namespace}`,
    resource,
    name,
    subresource,
  ];
  return parts.filter(Boolean).join('/');
}

/** Records from `first` on: `make` gives the text of one. */
export type Corpus = (count: number, seed: number, first?: number) => string[];

export function corpus(make: (random: Random, index: number) => unknown): Corpus {
  return (count, seed, first = 0) =>
    Array.from({ length: count }, (_, offset) => {
      const record = make(new Random(seed, first + offset), first + offset);
      return typeof record === 'string' ? record : JSON.stringify(record);
    });
}
