/** Compares the URI of a request with the object that the event names. */
import { SPANS, URI_SLOTS } from './memory';

const SLASH: i32 = 0x2f;
const QUESTION: i32 = 0x3f;
const PERCENT: i32 = 0x25;
const EQUALS: i32 = 0x3d;
const AMPERSAND: i32 = 0x26;
const BACKSLASH: i32 = 0x5c;

/** Slots in the list at URI_SLOTS. */
const REQUEST_URI: i32 = 0;
const OBJECT_REF: i32 = 1;
const GROUP: i32 = 2;
const VERSION: i32 = 3;
const NAMESPACE: i32 = 4;
const RESOURCE: i32 = 5;
const NAME: i32 = 6;
const SUBRESOURCE: i32 = 7;

/** Whether the URI says nothing beyond the objectRef: it is the path of that object or its collection, and its query does
 * not ask for a dry run. False if only decoding can show that. For an event without objectRef, whether the URI names no
 * object either.
 * @param shift as in `walk` */
export function isUsualUri(shift: i32): bool {
  const start = startOf(REQUEST_URI) - shift;
  const end = start + lengthOf(REQUEST_URI);
  let pathEnd = start;
  for (; pathEnd < end; pathEnd++) {
    const byte = <i32>load<u8>(pathEnd);
    if (byte === QUESTION) break;
    if (byte === PERCENT || byte === BACKSLASH) return false;
  }
  if (startOf(OBJECT_REF) === -1) {
    if (!namesNoObject(start, pathEnd)) return false;
  } else if (!isPathOfRef(start, pathEnd, shift)) {
    return false;
  }
  return pathEnd === end || isWithoutDryRun(pathEnd + 1, end);
}

/** The start of a member in the list, or -1. */
function startOf(member: i32): i32 {
  return load<i32>(SPANS + 4 * load<i32>(URI_SLOTS + 4 * member));
}

/** The length of a text, 0 if there is none. */
function lengthOf(member: i32): i32 {
  const span = SPANS + 4 * load<i32>(URI_SLOTS + 4 * member);
  const start = load<i32>(span);
  return start === -1 ? 0 : load<i32>(span, 4) - start;
}

function isApi(start: i32, end: i32): bool {
  // `/api/`
  return end - start >= 5 && load<u32>(start) === 0x6970612f && load<u8>(start, 4) === SLASH;
}

function isApis(start: i32, end: i32): bool {
  // `/apis/`
  return end - start >= 6 && load<u32>(start) === 0x6970612f && load<u16>(start, 4) === 0x2f73;
}

/** `namespaces` */
function isNamespaces(start: i32, length: i32): bool {
  return length >= 10 && load<u64>(start) === 0x63617073656d616e && load<u16>(start, 8) === 0x7365;
}

/** True for paths outside `/api` and `/apis`, and for paths within these that name at most a version. */
function namesNoObject(start: i32, end: i32): bool {
  if (start === end || load<u8>(start) !== SLASH) return false;
  if (end - start > 1 && load<u8>(start, 1) === SLASH) return false;
  const isOfCore = isApi(start, end);
  if (!isOfCore && !isApis(start, end)) return true;
  let slashes = 0;
  for (let at = start; at < end; at++) if (load<u8>(at) === SLASH) slashes++;
  return slashes <= (isOfCore ? 2 : 3);
}

function isPathOfRef(start: i32, end: i32, shift: i32): bool {
  const group = lengthOf(GROUP);
  const namespace = lengthOf(NAMESPACE);
  const resource = lengthOf(RESOURCE);
  const subresource = lengthOf(SUBRESOURCE);
  const version = lengthOf(VERSION);
  if (resource === 0 || version === 0) return false;
  if (group === 0 ? !isApi(start, end) : !isApis(start, end)) return false;
  let at = start + (group === 0 ? 5 : 6);
  if (group > 0) at = skipText(at, end, startOf(GROUP) - shift, group);
  if (at !== -1) at = skipText(at, end, startOf(VERSION) - shift, version);
  if (at === -1) return false;
  if (resource === 10 && isNamespaces(startOf(RESOURCE) - shift, resource)) {
    // A Namespace is in itself: the event has its name twice, if at all.
    const name = lengthOf(NAME);
    if (name !== namespace) return false;
    if (name > 0 && !isSame(startOf(NAME) - shift, startOf(NAMESPACE) - shift, name)) return false;
  } else if (namespace > 0) {
    if (!isNamespaces(at, end - at) || at + 10 >= end || load<u8>(at, 10) !== SLASH) return false;
    at = skipText(at + 11, end, startOf(NAMESPACE) - shift, namespace);
    if (at === -1) return false;
  }
  at = skipText(at, end, startOf(RESOURCE) - shift, resource);
  if (at === -1) return false;
  if (at === end + 1) return subresource === 0;
  // The name of the object, which the path of a creation may omit.
  const name = lengthOf(NAME);
  if (name === 0) return false;
  at = skipText(at, end, startOf(NAME) - shift, name);
  if (at === -1) return false;
  if (at === end + 1) return subresource === 0;
  return subresource > 0 && skipText(at, end, startOf(SUBRESOURCE) - shift, subresource) === end + 1;
}

/** The offset after a segment that is the given text, and the slash after it; `end + 1` for the last segment. -1 for any
 * other segment, and for a text that would be several segments. */
function skipText(at: i32, end: i32, text: i32, length: i32): i32 {
  const after = at + length;
  if (after > end || !isSame(at, text, length)) return -1;
  for (let index = at; index < after; index++) if (load<u8>(index) === SLASH) return -1;
  if (after === end) return end + 1;
  return load<u8>(after) === SLASH ? after + 1 : -1;
}

function isSame(one: i32, other: i32, length: i32): bool {
  let index = 0;
  for (; index + 8 <= length; index += 8) if (load<u64>(one + index) !== load<u64>(other + index)) return false;
  for (; index < length; index++) if (load<u8>(one + index) !== load<u8>(other + index)) return false;
  return true;
}

/** Whether no key of a query can be `dryRun`, however it is spelled. */
function isWithoutDryRun(start: i32, end: i32): bool {
  let at = start;
  while (at < end) {
    const keyStart = at;
    for (; at < end; at++) {
      const byte = <i32>load<u8>(at);
      if (byte === EQUALS || byte === AMPERSAND || byte === BACKSLASH) break;
      if (byte === PERCENT) return false;
    }
    // `dryRun`
    if (at - keyStart === 6 && load<u32>(keyStart) === 0x52797264 && load<u16>(keyStart, 4) === 0x6e75) return false;
    while (at < end && load<u8>(at) !== AMPERSAND && load<u8>(at) !== BACKSLASH) at++;
    if (at < end && load<u8>(at) === BACKSLASH) {
      // `\u0026`, as JSON writers that guard against HTML spell `&`.
      if (end - at < 6 || load<u32>(at) !== 0x3030755c || load<u16>(at, 4) !== 0x3632) return false;
      at += 6;
    } else {
      at++;
    }
  }
  return true;
}
