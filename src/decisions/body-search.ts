/** Searches the bytes of bodies for keys and texts. The cost hardly grows with their number, and is a fraction of what it
 * costs to step over each byte: most bytes are not looked at. */
import { isAscii } from 'node:buffer';
import type { BodyNotation } from './body-notation.ts';

/** Bytes of a pattern by which it is looked up. */
const SIZE = 3;
const SLOT_BITS = 15;
/** Shorter patterns are searched for separately, by a rare byte: the shortest of the others determines how many bytes are
 * skipped. */
const LONG = 5;
/** If a byte is not rare, stepping over each byte costs less than searching for the next place. */
const MOST_PLACES = 32;
/** Most bytes from one that is looked at to the next: what a step saves in bodies, it adds to the patterns. */
const LONGEST_STEP = 5;
/** Longer bodies are not searched. */
const LONGEST = 256 * 1024;
/** Number of entries to compare that costs as much as one place in a usual body that leads to an entry. */
const ENTRIES_AS_COSTLY = 16;
/** Most values of a key that are listed one by one. */
const MOST_VALUES = 16;

/** What is searched for in bodies. */
export interface Sought {
  /** Keys of members, whose values are listed. */
  keys: readonly string[];
  /** Keys of maps around members: a longer key may contain them between dots. */
  ways: readonly string[];
  /** ASCII without `<`, `>` and `&`, in any case, in a key or in a value that is a text. */
  texts: readonly string[];
  /** Numbers of the keys before which no text is searched for. */
  lists: ReadonlySet<number>;
}

type Kind = 'key' | 'way' | 'text';

interface Pattern {
  kind: Kind;
  /** Its number among the keys, ways or texts. */
  number: number;
  bytes: Uint8Array;
}

export class BodySearch {
  readonly #notation: BodyNotation;
  readonly #lists: ReadonlySet<number>;
  readonly #hasTexts: boolean;
  readonly #long: PatternTable;
  readonly #short: readonly RareByte[];
  readonly #values: (unknown[] | undefined)[];
  readonly #hasOthers: Uint8Array;
  readonly #ways: Uint8Array;
  readonly #texts: Uint8Array;
  /** Where the first key of a list stands in the body that is being searched. */
  #firstList = 0;

  constructor(notation: BodyNotation, { keys, ways, texts, lists }: Sought) {
    this.#notation = notation;
    this.#lists = lists;
    this.#hasTexts = texts.length > 0;
    const patterns: Pattern[] = [];
    const add = (kind: Kind, number: number, all: readonly Uint8Array[]) => {
      for (const bytes of all) patterns.push({ kind, number, bytes });
    };
    for (const [number, key] of keys.entries()) add('key', number, notation.keys(key));
    for (const [number, way] of ways.entries()) add('way', number, notation.partsOfKeys(way));
    for (const [number, text] of texts.entries()) add('text', number, [notation.text(text)]);
    const isLong = ({ kind, bytes }: Pattern) => kind !== 'text' || bytes.length >= LONG || bytes.every(isLetter);
    this.#long = new PatternTable(patterns.filter(isLong));
    this.#short = byRareByte(patterns.filter((pattern) => !isLong(pattern)));
    this.#values = new Array<unknown[] | undefined>(keys.length).fill(undefined);
    this.#hasOthers = new Uint8Array(keys.length);
    this.#ways = new Uint8Array(ways.length);
    this.#texts = new Uint8Array(texts.length);
  }

  /** Forgets what was found. */
  clear(): void {
    this.#values.fill(undefined);
    this.#hasOthers.fill(0);
    this.#ways.fill(0);
    this.#texts.fill(0);
  }

  /** Adds what is in a body. False if its bytes do not show that. */
  add(bytes: Uint8Array, view: DataView, start: number, end: number): boolean {
    if (end - start > LONGEST || end >= bytes.length) return false;
    const body = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start);
    if (!this.#notation.isAsSpelled(body) || (this.#hasTexts && !isPlain(body))) return false;
    this.#firstList = end;
    this.#search(this.#long, bytes, view, start, end);
    for (const rare of this.#short) this.#searchByByte(rare, bytes, start, end, body);
    return true;
  }

  /** Whether a member has the key. */
  hasKey(number: number): boolean {
    return this.#values[number] !== undefined || this.#hasOthers[number] === 1;
  }

  /** The values of the key, or in its lists: undefined unless all of them are scalars that are read easily. */
  valuesOf(number: number): readonly unknown[] | undefined {
    return this.#hasOthers[number] === 1 ? undefined : (this.#values[number] ?? []);
  }

  hasWay(number: number): boolean {
    return this.#ways[number] === 1;
  }

  hasText(number: number): boolean {
    return this.#texts[number] === 1;
  }

  #search(table: PatternTable, bytes: Uint8Array, view: DataView, start: number, end: number): void {
    const { step, taken, entries } = table;
    const last = end - SIZE;
    for (let at = start; at <= last; at += step) {
      const slot = slotOf(view.getInt32(at));
      if ((taken[slot >> 5]! & (1 << slot)) !== 0) this.#compare(entries.get(slot)!, bytes, at, start, end);
    }
  }

  /** Searches a body from the first list on. */
  #searchByByte({ byte, entries }: RareByte, bytes: Uint8Array, start: number, end: number, body: Buffer): void {
    let at = body.indexOf(byte, this.#firstList - start);
    for (let count = 0; at !== -1 && count < MOST_PLACES; count++) {
      this.#compare(entries, bytes, start + at, start, end);
      at = body.indexOf(byte, at + 1);
    }
    if (at === -1) return;
    for (let next = start + at; next < end; next++) {
      if (bytes[next] === byte) this.#compare(entries, bytes, next, start, end);
    }
  }

  /** @param entries whose bytes may stand at the offset */
  #compare(entries: readonly Entry[], bytes: Uint8Array, at: number, start: number, end: number): void {
    for (let index = 0; index < entries.length; index++) {
      const { pattern, at: offset } = entries[index]!;
      const from = at - offset;
      const after = from + pattern.bytes.length;
      if (from < start || after > end || !standsAt(bytes, from, pattern)) continue;
      const { kind, number } = pattern;
      if (kind === 'text') this.#texts[number] = 1;
      else if (kind === 'way') this.#ways[number] = 1;
      else this.#note(number, bytes, from, after, end);
    }
  }

  #note(number: number, bytes: Uint8Array, from: number, after: number, end: number): void {
    if (!this.#notation.mayBeKey(bytes, from)) return;
    if (this.#lists.has(number) && from < this.#firstList) this.#firstList = from;
    if (this.#hasOthers[number] === 1) return;
    const values = (this.#values[number] ??= []);
    const here: unknown[] = [];
    const isRead = this.#notation.readScalars(bytes, after, end, here);
    // Many members of a list have the same few values.
    for (const value of here) if (!values.includes(value)) values.push(value);
    if (!isRead || values.length > MOST_VALUES) this.#hasOthers[number] = 1;
  }
}

interface Entry {
  pattern: Pattern;
  /** Offset in the pattern of the bytes by which it is looked up. */
  at: number;
}

/** Patterns by some of their bytes, one of which is looked at wherever the pattern begins. */
class PatternTable {
  /** Distance from one byte that is looked at to the next. */
  readonly step: number;
  /** A bit for each hash of three bytes that has entries. */
  readonly taken = new Int32Array(2 ** SLOT_BITS / 32);
  readonly entries = new Map<number, Entry[]>();

  constructor(patterns: readonly Pattern[]) {
    const shortest = patterns.reduce((least, { bytes }) => Math.min(least, bytes.length), LONGEST_STEP + SIZE - 1);
    this.step = shortest - SIZE + 1;
    for (const pattern of patterns) this.#add(pattern);
  }

  #add(pattern: Pattern): void {
    const { bytes } = pattern;
    const slots = Array.from({ length: bytes.length - SIZE + 1 }, (_, at) =>
      slotOf((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8)),
    );
    let best = 0;
    let fewest = Number.POSITIVE_INFINITY;
    for (let from = 0; from + this.step <= slots.length; from++) {
      let count = 0;
      for (let at = from; at < from + this.step; at++) {
        count += (this.entries.get(slots[at]!)?.length ?? 0) / ENTRIES_AS_COSTLY + (usual.get(slots[at]!) ?? 0);
      }
      if (count < fewest) [best, fewest] = [from, count];
    }
    for (let at = best; at < best + this.step; at++) {
      const slot = slots[at]!;
      const others = this.entries.get(slot);
      if (others === undefined) this.entries.set(slot, [{ pattern, at }]);
      else others.push({ pattern, at });
      this.taken[slot >> 5]! |= 1 << slot;
    }
  }
}

/** Patterns by one of their bytes. */
interface RareByte {
  byte: number;
  entries: Entry[];
}

function byRareByte(patterns: readonly Pattern[]): RareByte[] {
  const all: RareByte[] = [];
  for (const pattern of patterns) {
    // Letters may be capitals in a body.
    const places = [...pattern.bytes.keys()].filter((at) => !isLetter(pattern.bytes[at]!));
    const at = places.sort((one, other) => countOf(pattern.bytes[one]!) - countOf(pattern.bytes[other]!))[0]!;
    const byte = pattern.bytes[at]!;
    const known = all.find((one) => one.byte === byte);
    if (known === undefined) all.push({ byte, entries: [{ pattern, at }] });
    else known.entries.push({ pattern, at });
  }
  return all;
}

function isLetter(byte: number): boolean {
  return (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a;
}

function countOf(byte: number): number {
  return USUAL.filter((each) => each === byte).length;
}

/** What most bodies contain. */
const USUAL = Buffer.from(
  '"kind":"Pod","apiVersion":"apps/v1","metadata":{"name":"generateName":"namespace":"labels":{"app":"pod-template-hash":' +
    '"annotations":{"ownerReferences":[{"uid":"controller":true,"blockOwnerDeletion":true}],"resourceVersion":"creationTimestamp":' +
    '"managedFields":[{"manager":"kube-controller-manager","operation":"Update","time":"fieldsType":"FieldsV1","fieldsV1":{"f:' +
    '"spec":{"volumes":[{"configMap":{"items":[{"key":"path":"defaultMode":420}},{"emptyDir":{}},{"secret":{"secretName":"projected":' +
    '"containers":[{"image":"registry.example.internal/","args":["ports":[{"containerPort":8080,"protocol":"TCP"}],"env":[{"value":' +
    '"https://service.internal/","resources":{"limits":{"cpu":"memory":"512Mi"},"requests":{"volumeMounts":[{"readOnly":true,' +
    '"mountPath":"/var/run/secrets/kubernetes.io/serviceaccount"}],"livenessProbe":{"httpGet":{"port":"http","scheme":"HTTP"},' +
    '"timeoutSeconds":1,"periodSeconds":10,"successThreshold":1,"failureThreshold":3},"readinessProbe":{"initialDelaySeconds":' +
    '"terminationMessagePath":"/dev/termination-log","terminationMessagePolicy":"File","imagePullPolicy":"IfNotPresent",' +
    '"securityContext":{"capabilities":{"drop":["ALL"]},"readOnlyRootFilesystem":true}}],"restartPolicy":"Always",' +
    '"terminationGracePeriodSeconds":30,"dnsPolicy":"ClusterFirst","serviceAccountName":"serviceAccount":"automount' +
    'ServiceAccountToken":false,"fsGroup":10001,"seccompProfile":{"type":"RuntimeDefault"}},"schedulerName":"default-scheduler",' +
    '"tolerations":[{"node.kubernetes.io/not-ready","operator":"Exists","effect":"NoExecute","tolerationSeconds":300},' +
    '"unreachable","enableServiceLinks":false,"status":{"phase":"Pending","qosClass":"Burstable","conditions":[{"status":"True"',
);
const usual = new Map<number, number>();
for (let at = 0; at + SIZE < USUAL.length; at++) {
  const slot = slotOf(USUAL.readInt32BE(at));
  usual.set(slot, (usual.get(slot) ?? 0) + 1);
}

/** The slot of the first three bytes of four, regardless of case. */
function slotOf(four: number): number {
  return Math.imul((four | 0x20202020) >>> 8, 0x2c1b3c6d) >>> (32 - SLOT_BITS);
}

function standsAt(bytes: Uint8Array, from: number, { kind, bytes: pattern }: Pattern): boolean {
  // Bytes that differ only in the case bit are rarely anything but letters.
  const ignored = kind === 'text' ? 0x20 : 0;
  for (let index = 0; index < pattern.length; index++) {
    if ((bytes[from + index]! | ignored) !== (pattern[index]! | ignored)) return false;
  }
  return true;
}

/** What may be folded to ASCII: U+0130, U+017F, U+212A. */
const FOLDED = ['\u0130', '\u017f', '\u212a'].map((character) => Buffer.from(character));

function isPlain(body: Buffer): boolean {
  return isAscii(body) || !FOLDED.some((character) => body.includes(character));
}
