/** What is around the records of an export in OTLP's JSON. */
import { plainPairs } from '../../json/any-value.ts';
import { at, textAt } from '../../json/map.ts';
import { readValue } from '../../json/read.ts';
import { endOfValue } from '../../json/scan.ts';
import type { Span } from '../../record.ts';
import { resourceLogsFrom, scopeLogsFrom } from './from-json.ts';
import { eachMember, type JsonScopeLogs, keyOf, LISTS, walkJsonExport } from './json-export.ts';
import { lastBegun } from './last-begun.ts';
import type { OtlpScopeLogs } from './otlp-record.ts';
import { CLUSTER_NAME } from './record-map.ts';

/** The same object for all records of a scope. */
export interface JsonAround {
  /** The text of the members of the ScopeLogs, without its records. */
  members: Uint8Array;
  /** The same object for all scopes of a resource. */
  resource: JsonResource;
  /** In Protobuf. */
  scopeLogs: OtlpScopeLogs;
}

interface JsonResource {
  /** The text of the members of the ResourceLogs, without its scopes. */
  members: Uint8Array;
  clusterName: string | undefined;
  resourceLogs: OtlpScopeLogs['resourceLogs'];
}

/** Levels of what is around records that are read. */
const LIMITS = { maxDepth: 1000 };

const scopesOf = new WeakMap<Uint8Array, readonly { start: number; scopeLogs: JsonScopeLogs }[]>();
const known = new WeakMap<object, JsonAround>();
const resources = new WeakMap<object, JsonResource>();

/** What is around a record; for what is in no scope, what is around the record before it. */
export function aroundAt(bytes: Uint8Array, { start }: Span): JsonAround {
  const scope = lastBegun(scopesIn(bytes), start);
  return scope === undefined ? nothingAround : around(bytes, scope.scopeLogs);
}

const empty = new Uint8Array();

export const nothingAround: JsonAround = {
  members: empty,
  resource: { members: empty, clusterName: undefined, resourceLogs: { message: empty } },
  scopeLogs: { message: empty, resourceLogs: { message: empty } },
};

/** Each scope with the offset of its first record, in order; found once for the bytes of a batch. */
function scopesIn(bytes: Uint8Array): readonly { start: number; scopeLogs: JsonScopeLogs }[] {
  let scopes = scopesOf.get(bytes);
  if (scopes === undefined) {
    const found: { start: number; scopeLogs: JsonScopeLogs }[] = [];
    walkJsonExport(bytes, LIMITS.maxDepth, {
      logRecord: ({ start }, scopeLogs) => {
        if (found.at(-1)?.scopeLogs !== scopeLogs) found.push({ start, scopeLogs });
      },
    });
    scopesOf.set(bytes, found);
    scopes = found;
  }
  return scopes;
}

function around(bytes: Uint8Array, scope: JsonScopeLogs): JsonAround {
  let found = known.get(scope);
  if (found === undefined) {
    const resource = resourceOf(bytes, scope.resourceLogs);
    const members = membersWithout(bytes, scope.start, LISTS[2]);
    const message = scopeLogsFrom(mapOf(members));
    found = { members, resource, scopeLogs: { message, resourceLogs: resource.resourceLogs } };
    known.set(scope, found);
  }
  return found;
}

function resourceOf(bytes: Uint8Array, resourceLogs: JsonScopeLogs['resourceLogs']): JsonResource {
  let found = resources.get(resourceLogs);
  if (found === undefined) {
    const members = membersWithout(bytes, resourceLogs.start, LISTS[1]);
    const map = mapOf(members);
    const attributes = at(map, 'resource', 'attributes');
    const clusterName = Array.isArray(attributes) ? textAt(plainPairs(attributes), CLUSTER_NAME) : undefined;
    found = { members, clusterName, resourceLogs: { message: resourceLogsFrom(map) } };
    resources.set(resourceLogs, found);
  }
  return found;
}

/** The text of the members of a map, as far as it can be read, without those of a name. */
function membersWithout(bytes: Uint8Array, start: number, name: string): Uint8Array {
  const parts: Uint8Array[] = [];
  eachMember(bytes, start, (key, valueStart) => {
    const end = endOfValue(bytes, valueStart, bytes.length, LIMITS.maxDepth);
    if (typeof end === 'number' && keyOf(bytes, key) !== name) {
      if (parts.length > 0) parts.push(COMMA);
      parts.push(bytes.subarray(key.start, end));
    }
    return end;
  });
  return Buffer.concat(parts);
}

const COMMA = Buffer.from(',');

function mapOf(members: Uint8Array): unknown {
  const text = Buffer.concat([Buffer.from('{'), members, Buffer.from('}')]);
  return readValue(text, 0, text.length, LIMITS);
}
