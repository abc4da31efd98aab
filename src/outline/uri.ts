/** Compares the URI of a request with the object that the event names. */
import { BACKSLASH } from './json-syntax.ts';
import {
  OBJECT_REF,
  REF_GROUP,
  REF_NAME,
  REF_NAMESPACE,
  REF_RESOURCE,
  REF_SUBRESOURCE,
  REF_VERSION,
  REQUEST_URI,
} from './slots.ts';

const SLASH = 0x2f;
const QUESTION = 0x3f;
const PERCENT = 0x25;
const EQUALS = 0x3d;

/** Whether the URI says nothing beyond the objectRef: it is the path of that object or its collection, and its query does
 * not ask for a dry run. False where that takes decoding to see. Of an event without objectRef, whether it names no object
 * either. */
export function isUsualUri(bytes: Uint8Array, spans: Int32Array, base: number): boolean {
  const start = spans[base + REQUEST_URI]!;
  const end = spans[base + REQUEST_URI + 1]!;
  let pathEnd = start;
  while (pathEnd < end && bytes[pathEnd] !== QUESTION) {
    if (bytes[pathEnd] === PERCENT || bytes[pathEnd] === BACKSLASH) return false;
    pathEnd++;
  }
  if (spans[base + OBJECT_REF] === -1) {
    if (!namesNoObject(bytes, start, pathEnd)) return false;
  } else if (!isPathOfRef(bytes, spans, base, start, pathEnd)) {
    return false;
  }
  return pathEnd === end || isWithoutDryRun(bytes, pathEnd + 1, end);
}

const API = Buffer.from('/api/');
const APIS = Buffer.from('/apis/');
const NAMESPACES = Buffer.from('namespaces');

/** Paths outside `/api` and `/apis`, and those within that name at most a version. */
function namesNoObject(bytes: Uint8Array, start: number, end: number): boolean {
  if (bytes[start] !== SLASH || bytes[start + 1] === SLASH) return false;
  const isApi = startsWith(bytes, start, end, API);
  if (!isApi && !startsWith(bytes, start, end, APIS)) return true;
  let slashes = 0;
  for (let at = start; at < end; at++) if (bytes[at] === SLASH) slashes++;
  return slashes <= (isApi ? 2 : 3);
}

function isPathOfRef(bytes: Uint8Array, spans: Int32Array, base: number, start: number, end: number): boolean {
  const group = lengthOf(spans, base + REF_GROUP);
  const namespace = lengthOf(spans, base + REF_NAMESPACE);
  const resource = lengthOf(spans, base + REF_RESOURCE);
  const subresource = lengthOf(spans, base + REF_SUBRESOURCE);
  const version = lengthOf(spans, base + REF_VERSION);
  if (resource === 0 || version === 0) return false;
  const root = group === 0 ? API : APIS;
  if (!startsWith(bytes, start, end, root)) return false;
  let at = start + root.length;
  if (group > 0) at = skipText(bytes, at, end, spans[base + REF_GROUP]!, group);
  if (at !== -1) at = skipText(bytes, at, end, spans[base + REF_VERSION]!, version);
  if (at === -1) return false;
  const isOfNamespace =
    resource === NAMESPACES.length && startsWith(bytes, spans[base + REF_RESOURCE]!, bytes.length, NAMESPACES);
  if (isOfNamespace) {
    // A Namespace is in itself: the event has its name twice, where it has one.
    const name = lengthOf(spans, base + REF_NAME);
    if (name !== namespace) return false;
    if (name > 0 && !isSame(bytes, spans[base + REF_NAME]!, spans[base + REF_NAMESPACE]!, name)) return false;
  } else if (namespace > 0) {
    if (!startsWith(bytes, at, end, NAMESPACES)) return false;
    at += NAMESPACES.length;
    if (bytes[at++] !== SLASH) return false;
    at = skipText(bytes, at, end, spans[base + REF_NAMESPACE]!, namespace);
    if (at === -1) return false;
  }
  at = skipText(bytes, at, end, spans[base + REF_RESOURCE]!, resource);
  if (at === -1) return false;
  if (at === end + 1) return subresource === 0;
  // The name of the object, which a creation may leave out of its path.
  const name = lengthOf(spans, base + REF_NAME);
  if (name === 0) return false;
  at = skipText(bytes, at, end, spans[base + REF_NAME]!, name);
  if (at === -1) return false;
  if (at === end + 1) return subresource === 0;
  return subresource > 0 && skipText(bytes, at, end, spans[base + REF_SUBRESOURCE]!, subresource) === end + 1;
}

/** The length of a text, 0 where there is none. */
function lengthOf(spans: Int32Array, offset: number): number {
  const start = spans[offset]!;
  return start === -1 ? 0 : spans[offset + 1]! - start;
}

/** The offset after a segment that is the given text, and the slash after it; `end + 1` for the last segment. -1 for another
 * segment, and for a text that would be several. */
function skipText(bytes: Uint8Array, at: number, end: number, text: number, length: number): number {
  const after = at + length;
  if (after > end || !isSame(bytes, at, text, length)) return -1;
  for (let index = at; index < after; index++) if (bytes[index] === SLASH) return -1;
  if (after === end) return end + 1;
  return bytes[after] === SLASH ? after + 1 : -1;
}

function isSame(bytes: Uint8Array, one: number, other: number, length: number): boolean {
  for (let index = 0; index < length; index++) if (bytes[one + index] !== bytes[other + index]) return false;
  return true;
}

function startsWith(bytes: Uint8Array, start: number, end: number, text: Uint8Array): boolean {
  if (end - start < text.length) return false;
  for (let index = 0; index < text.length; index++) if (bytes[start + index] !== text[index]) return false;
  return true;
}

const DRY_RUN = Buffer.from('dryRun');
/** As JSON writers spell `&` that guard against HTML. */
const ESCAPED_AMPERSAND = Buffer.from('\\u0026');
const AMPERSAND = 0x26;

/** Whether no key of a query can be `dryRun`, in whatever spelling. */
function isWithoutDryRun(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start;
  while (at < end) {
    const keyStart = at;
    while (at < end && bytes[at] !== EQUALS && bytes[at] !== AMPERSAND && bytes[at] !== BACKSLASH) {
      if (bytes[at] === PERCENT) return false;
      at++;
    }
    if (at - keyStart === DRY_RUN.length && startsWith(bytes, keyStart, end, DRY_RUN)) return false;
    while (at < end && bytes[at] !== AMPERSAND && bytes[at] !== BACKSLASH) at++;
    if (bytes[at] === BACKSLASH) {
      if (!startsWith(bytes, at, end, ESCAPED_AMPERSAND)) return false;
      at += ESCAPED_AMPERSAND.length;
    } else {
      at++;
    }
  }
  return true;
}
