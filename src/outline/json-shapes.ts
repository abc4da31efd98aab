/** Which members of which maps are noted in the outline of a record in JSON. */
import { IGNORED, REFUSED, refKeys } from './event-keys.ts';
import { OPEN_BRACE, OPEN_BRACKET, QUOTE } from './json-syntax.ts';
import { KeyTable } from './key-table.ts';
import {
  LOG,
  maps,
  members,
  OBJECT_REF,
  REF_RESOURCE,
  refs,
  SOURCE_IPS,
  STRIDE,
  texts,
  type wrapping,
  wrappingOffset,
} from './slots.ts';

/** What happens to members that have no slot: each is noted beside those that have one, or stepped over, or keeps the record
 * from being outlined. */
export const NOTED = 0;
const PASSED = 1;
export const UNEXPECTED = 2;

/** What is looked for in a map. */
export interface Shape {
  keys: KeyTable;
  /** NOTED, PASSED or UNEXPECTED. */
  others: number;
}

/** Kinds of values other than those that one first byte identifies. */
export const MAP_OR_LIST = 0;
export const ANY = 1;

/** By slot, the byte with which its value begins, or MAP_OR_LIST or ANY. */
export const kinds = new Uint8Array(STRIDE).fill(ANY);
/** By slot, the shape of the map in it; without one, the map is stepped over. */
export const innerShapes: (Shape | undefined)[] = new Array(STRIDE).fill(undefined);

for (const [slot, name] of members.entries()) {
  const isText = (texts as readonly string[]).includes(name);
  const isMap = (maps as readonly string[]).includes(name);
  kinds[2 * slot] = isText ? QUOTE : isMap ? OPEN_BRACE : 2 * slot === SOURCE_IPS ? OPEN_BRACKET : MAP_OR_LIST;
}
innerShapes[OBJECT_REF] = { keys: refKeys, others: UNEXPECTED };
kinds.fill(QUOTE, REF_RESOURCE, REF_RESOURCE + 2 * refs.length);

type Wrapping = (typeof wrapping)[number];

/** Notes the members of the map in a slot.
 * @param slots of keys, or REFUSED or IGNORED */
function inside(name: Wrapping, others: number, slots: Readonly<Record<string, number>>): void {
  innerShapes[wrappingOffset(name)] = { keys: new KeyTable(new Map(Object.entries(slots))), others };
}

function ofKind(kind: number, ...names: readonly Wrapping[]): void {
  for (const name of names) kinds[wrappingOffset(name)] = kind;
}

// A diagnostic record of Azure.
inside('properties', PASSED, { log: LOG });

// An entry of Cloud Audit Logs. Bodies have a type that the entry adds, and members that distinguish a Status or patch.
const at = wrappingOffset;
inside('operation', UNEXPECTED, {
  id: at('operation.id'),
  producer: IGNORED,
  first: at('operation.first'),
  last: at('operation.last'),
});
inside('protoPayload', UNEXPECTED, {
  '@type': IGNORED,
  serviceName: at('serviceName'),
  methodName: at('methodName'),
  resourceName: at('resourceName'),
  resourceLocation: IGNORED,
  numResponseItems: IGNORED,
  authenticationInfo: at('authenticationInfo'),
  authorizationInfo: IGNORED,
  policyViolationInfo: IGNORED,
  requestMetadata: at('requestMetadata'),
  status: at('status'),
  request: at('request'),
  response: at('response'),
  metadata: IGNORED,
});
inside('requestMetadata', PASSED, {
  callerIp: at('callerIp'),
  callerSuppliedUserAgent: at('callerSuppliedUserAgent'),
});
inside('request', PASSED, { '@type': at('request.@type'), at_sign_type: REFUSED, value: at('request.value') });
inside('response', PASSED, {
  '@type': at('response.@type'),
  at_sign_type: REFUSED,
  status: at('response.status'),
  metadata: at('response.metadata'),
});
inside('response.metadata', PASSED, { creationTimestamp: at('creationTimestamp') });
ofKind(QUOTE, 'operation.id', 'serviceName', 'methodName', 'resourceName', 'callerIp', 'callerSuppliedUserAgent');
ofKind(QUOTE, 'request.@type', 'response.@type', 'creationTimestamp');
ofKind(OPEN_BRACE, 'authenticationInfo', 'requestMetadata', 'status', 'request', 'response', 'response.metadata');
