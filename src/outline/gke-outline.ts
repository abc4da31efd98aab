/** Makes the outline of an audit event from the outline of an entry of Cloud Audit Logs, which names its members otherwise. */
import { UNCLEAR } from './find-member.ts';
import { BACKSLASH, OPEN_BRACE, OPEN_BRACKET, QUOTE } from './json-syntax.ts';
import {
  ANNOTATIONS,
  AUDIT_ID,
  EXTRA_COUNT,
  EXTRAS,
  GKE_LAYOUT,
  LAYOUT,
  PAYLOAD,
  RECEIVED,
  REF_GROUP,
  REF_NAME,
  REF_NAMESPACE,
  REF_RESOURCE,
  REF_SUBRESOURCE,
  REF_VERSION,
  REQUEST_OBJECT,
  REQUEST_URI,
  RESPONSE_OBJECT,
  SOURCE_IPS,
  STATUS,
  TIMESTAMP,
  USER,
  USER_AGENT,
  VERB,
  WRAPPING,
  wrappingOffset,
} from './slots.ts';
import { isText, startsWith } from './spans.ts';

const INSERT_ID = wrappingOffset('insertId');
const LABELS = wrappingOffset('labels');
const OPERATION = wrappingOffset('operation');
const OPERATION_ID = wrappingOffset('operation.id');
const SERVICE = wrappingOffset('serviceName');
const RESOURCE_NAME = wrappingOffset('resourceName');
const CALLER = wrappingOffset('callerIp');
const REQUEST_TYPE = wrappingOffset('request.@type');
const REQUEST_VALUE = wrappingOffset('request.value');
const RESPONSE_TYPE = wrappingOffset('response.@type');
const RESPONSE_STATUS = wrappingOffset('response.status');

/** Offsets of what a decision about an entry uses besides the members of its event. */
export const METHOD = wrappingOffset('methodName');
export const IS_FIRST = wrappingOffset('operation.first');
export const IS_LAST = wrappingOffset('operation.last');
export const CREATED = wrappingOffset('creationTimestamp');

/** Members of an event as they are in an entry: the offset of each in an event, then in an entry. */
const same = Int32Array.of(
  ...[USER, wrappingOffset('authenticationInfo')],
  ...[USER_AGENT, wrappingOffset('callerSuppliedUserAgent')],
  ...[STATUS, wrappingOffset('status')],
  ...[REQUEST_OBJECT, wrappingOffset('request')],
  ...[RESPONSE_OBJECT, wrappingOffset('response')],
  ...[REQUEST_URI, RESOURCE_NAME],
  ...[ANNOTATIONS, LABELS],
);

const DOT = 0x2e;
const SLASH = 0x2f;
const QUESTION = 0x3f;
const PERCENT = 0x25;
const LETTER_V = 0x76;

const KUBERNETES = Buffer.from('k8s.io');
const PATCH = Buffer.from('k8s.io/Patch');
const STATUS_TYPE = Buffer.from('.Status');
const CORE = Buffer.from('core');
const NAMESPACES = Buffer.from('namespaces');
const WATCH = Buffer.from('watch');
const STATUS_PART = Buffer.from('status');
const FINALIZE = Buffer.from('finalize');

/** Gives an outlined entry the members of an event and GKE_LAYOUT, if it has them as plainly as Cloud Audit Logs do; leaves
 * it without an event otherwise. The URI of the event is the name of the resource, from which it is made. The address
 * of the caller has its quotes: it is a value, not a text. */
export function arrangeEntry(bytes: Uint8Array, spans: Int32Array, base: number): void {
  // No member of an event may stand beside the entry.
  for (let offset = 0; offset < WRAPPING; offset += 2) if (spans[base + offset] !== -1) return;
  if (!isText(bytes, spans, base + SERVICE, KUBERNETES) || !arrangeTime(bytes, spans, base)) return;
  if (spans[base + METHOD] === -1 || isEmpty(spans, base + CALLER) || isEmpty(spans, base + RESOURCE_NAME)) return;
  if (spans[base + LABELS] !== -1 && bytes[spans[base + LABELS]!] !== OPEN_BRACE) return;
  // The status of a request may be in its answer, and the operations of a patch in its body.
  if (spans[base + RESPONSE_STATUS] !== -1 && bytes[spans[base + RESPONSE_STATUS]!] === QUOTE) return;
  if (!isPlain(bytes, spans, base + RESPONSE_TYPE) || endsWith(bytes, spans, base + RESPONSE_TYPE, STATUS_TYPE)) return;
  if (!isPlain(bytes, spans, base + REQUEST_TYPE)) return;
  const value = spans[base + REQUEST_VALUE]!;
  if (value !== -1 && bytes[value] === OPEN_BRACKET && isText(bytes, spans, base + REQUEST_TYPE, PATCH)) return;

  if (!arrangeVerb(bytes, spans, base) || !arrangeObject(bytes, spans, base)) return;
  for (let index = 0; index < same.length; index += 2) {
    spans[base + same[index]!] = spans[base + same[index + 1]!]!;
    spans[base + same[index]! + 1] = spans[base + same[index + 1]! + 1]!;
  }
  if (spans[base + USER] === -1 || spans[base + STATUS] === -1) return;
  spans[base + SOURCE_IPS] = spans[base + CALLER]! - 1;
  spans[base + SOURCE_IPS + 1] = spans[base + CALLER + 1]! + 1;
  if (!arrangeId(bytes, spans, base)) return;
  leaveSurroundings(spans, base);
  spans[base + LAYOUT] = GKE_LAYOUT;
}

function arrangeTime(bytes: Uint8Array, spans: Int32Array, base: number): boolean {
  const start = spans[base + TIMESTAMP]!;
  const end = spans[base + TIMESTAMP + 1]!;
  if (start === -1 || end === UNCLEAR || bytes[start] !== QUOTE) return false;
  spans[base + RECEIVED] = start + 1;
  spans[base + RECEIVED + 1] = end - 1;
  return true;
}

function arrangeId(bytes: Uint8Array, spans: Int32Array, base: number): boolean {
  if (spans[base + OPERATION] !== -1 && bytes[spans[base + OPERATION]!] !== OPEN_BRACE) return false;
  if (spans[base + OPERATION_ID] !== -1) {
    spans[base + AUDIT_ID] = spans[base + OPERATION_ID]!;
    spans[base + AUDIT_ID + 1] = spans[base + OPERATION_ID + 1]!;
    return true;
  }
  const start = spans[base + INSERT_ID]!;
  if (start === -1 || bytes[start] !== QUOTE) return false;
  spans[base + AUDIT_ID] = start + 1;
  spans[base + AUDIT_ID + 1] = spans[base + INSERT_ID + 1]! - 1;
  return true;
}

/** The verb is the last part of the method: `io.k8s.core.v1.pods.create`. */
function arrangeVerb(bytes: Uint8Array, spans: Int32Array, base: number): boolean {
  const start = spans[base + METHOD]!;
  const end = spans[base + METHOD + 1]!;
  let verb = start;
  for (let at = start; at < end; at++) {
    if (bytes[at] === BACKSLASH) return false;
    if (bytes[at] === DOT) verb = at + 1;
  }
  spans[base + VERB] = verb;
  spans[base + VERB + 1] = end;
  return verb < end;
}

/** Offsets of the segments of a resource's name, one after another: each ends one byte before the next begins. */
const segments = new Int32Array(8);

/** Reads the name of a resource, `<core|group>/<version>/[namespaces/<namespace>/]<resource>[/<name>[/<subresource>]]`. */
function arrangeObject(bytes: Uint8Array, spans: Int32Array, base: number): boolean {
  const count = findSegments(bytes, spans[base + RESOURCE_NAME]!, spans[base + RESOURCE_NAME + 1]!);
  if (count < 3 || isSegment(bytes, 2, WATCH)) return false;
  const version = segments[1]!;
  if (bytes[version] !== LETTER_V || !isDigit(bytes[version + 1]!)) return false;
  // The parts of a Namespace are not collections in it.
  const isNamespaced =
    count >= 5 &&
    isSegment(bytes, 2, NAMESPACES) &&
    !isSegment(bytes, 4, STATUS_PART) &&
    !isSegment(bytes, 4, FINALIZE);
  const resource = isNamespaced ? 4 : 2;
  if (count > resource + 3) return false;
  if (!isSegment(bytes, 0, CORE)) note(spans, base + REF_GROUP, 0);
  note(spans, base + REF_VERSION, 1);
  if (isNamespaced) note(spans, base + REF_NAMESPACE, 3);
  note(spans, base + REF_RESOURCE, resource);
  if (count > resource + 1) {
    note(spans, base + REF_NAME, resource + 1);
    // The event of a Namespace has it as its own namespace.
    if (isSegment(bytes, resource, NAMESPACES)) note(spans, base + REF_NAMESPACE, resource + 1);
  }
  if (count > resource + 2) note(spans, base + REF_SUBRESOURCE, resource + 2);
  return true;
}

/** How many segments there are; 0 for more than an object's name has, for empty ones, and for what a URI spells otherwise. */
function findSegments(bytes: Uint8Array, start: number, end: number): number {
  let count = 0;
  segments[count++] = start;
  for (let at = start; at < end; at++) {
    const byte = bytes[at];
    if (byte === BACKSLASH || byte === PERCENT || byte === QUESTION) return 0;
    if (byte !== SLASH) continue;
    if (count === segments.length - 1 || at === segments[count - 1]) return 0;
    segments[count++] = at + 1;
  }
  if (segments[count - 1] === end) return 0;
  segments[count] = end + 1;
  return count;
}

function note(spans: Int32Array, offset: number, segment: number): void {
  spans[offset] = segments[segment]!;
  spans[offset + 1] = segments[segment + 1]! - 1;
}

function isSegment(bytes: Uint8Array, segment: number, text: Uint8Array): boolean {
  const start = segments[segment]!;
  return segments[segment + 1]! - 1 - start === text.length && startsWith(bytes, start, text);
}

/** Removes the members from which the event is made from those around it. */
function leaveSurroundings(spans: Int32Array, base: number): void {
  let kept = base + EXTRAS;
  const end = base + EXTRAS + 2 * spans[base + EXTRA_COUNT]!;
  for (let extra = base + EXTRAS; extra < end; extra += 2) {
    const after = spans[extra + 1]!;
    if (after === spans[base + PAYLOAD + 1] || after === spans[base + LABELS + 1]) continue;
    if (after === spans[base + OPERATION + 1] || after === spans[base + INSERT_ID + 1]) continue;
    spans[kept++] = spans[extra]!;
    spans[kept++] = after;
  }
  spans[base + EXTRA_COUNT] = (kept - base - EXTRAS) >> 1;
}

/** Whether a text is spelled without escapes, or is absent. */
function isPlain(bytes: Uint8Array, spans: Int32Array, offset: number): boolean {
  for (let at = spans[offset]!; at < spans[offset + 1]!; at++) if (bytes[at] === BACKSLASH) return false;
  return true;
}

function isEmpty(spans: Int32Array, offset: number): boolean {
  return spans[offset] === spans[offset + 1];
}

function endsWith(bytes: Uint8Array, spans: Int32Array, offset: number, text: Uint8Array): boolean {
  const start = spans[offset + 1]! - text.length;
  return start >= spans[offset]! && startsWith(bytes, start, text);
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}
