/** Outlines audit events in MessagePack: the compiled walk (walk/msgpack.ts) steps over a map and notes where its members lie.
 * The tables that it uses for that are made here. */
import { IGNORED, refKeys } from './event-keys.ts';
import type { KeyTable } from './key-table.ts';
import { fixedLengths, kinds } from './msgpack-text.ts';
import { msgpackProfiles } from './profiles.ts';
import { KIND, MSGPACK_LAYOUT, maps, members, OBJECT_REF, SOURCE_IPS, TIMESTAMP, texts, WRAPPING } from './slots.ts';
import {
  FIXED_LENGTHS,
  KEY,
  KEY_BYTES,
  KEY_BYTES_SIZE,
  KEYS,
  KINDS,
  MAP_OR_LIST,
  OF_ARRAY,
  OF_MAP,
  OF_STR,
  REF_KEYS,
  WANTED,
} from './walk-code.ts';
import { Walker } from './walker.ts';

/** Most maps and arrays inside each other, including empty ones, in a map that is outlined: as many as a record may have for
 * Fluent Bit, so that the sink need not check. Kubernetes nests its objects some twenty deep. */
export const OUTLINED_DEPTH = 61;

export class MsgpackOutliner {
  readonly #walker = new Walker();
  readonly #maxLevels: number;
  #keyBytes = 0;
  /** Whether there was space for all keys. */
  #isUsable = true;

  /** @param maxDepth levels of maps and arrays */
  constructor(keys: KeyTable, maxDepth: number) {
    // The walk counts neither an empty one within the innermost nor the map itself.
    this.#maxLevels = Math.min(maxDepth, OUTLINED_DEPTH - 1) - 1;
    const bytes = new Uint8Array(this.#walker.memory);
    bytes.set(kinds, KINDS);
    bytes.set(new Uint8Array(fixedLengths.buffer), FIXED_LENGTHS);
    for (const [index, name] of members.entries()) bytes[WANTED + 2 * index] = wantedKind(name, 2 * index);
    for (const [key, slot] of keys.keys) this.#addKey(KEYS, key, slotOf(slot));
    for (const [key, slot] of refKeys.keys) this.#addKey(REF_KEYS, key, slot);
  }

  /** To be called when other bytes follow, even in the same array. */
  begin(): void {
    this.#walker.forget();
  }

  /** Writes the outline of the map at `start`: of members in their usual types, each once. Returns the offset after the map, or
   * -1 for a map that is not as plain as that, or does not end before the bytes do.
   * @param spans STRIDE numbers from `base` on, see slots.ts */
  outline(bytes: Uint8Array, start: number, spans: Int32Array, base: number): number {
    if (!this.#isUsable) return -1;
    const walker = this.#walker;
    const own = walker.spans;
    walker.beginOutline(MSGPACK_LAYOUT);
    const end = walker.outlineMsgpack(bytes, start, this.#maxLevels);
    if (end === -1) return -1;
    if (own[KIND] !== -1) {
      walker.look(own[OBJECT_REF] === -1 ? msgpackProfiles.path : msgpackProfiles.object, bytes, start, end);
    }
    spans.set(own, base);
    return end;
  }

  #addKey(table: number, key: string, slot: number): void {
    if (slot === -1) return;
    const text = Buffer.from(key);
    const at = KEY_BYTES + this.#keyBytes;
    this.#keyBytes += text.length;
    // Sixteen bytes after a key can be read.
    if (this.#keyBytes + 16 > KEY_BYTES_SIZE) {
      this.#isUsable = false;
      return;
    }
    new Uint8Array(this.#walker.memory, at).set(text);
    const view = new DataView(this.#walker.memory);
    const entry = table + KEY * this.#walker.placeOfKey(table, at, text.length);
    view.setInt32(entry, text.length, true);
    view.setInt32(entry + 4, slot, true);
    view.setInt32(entry + 8, at, true);
  }
}

function wantedKind(name: (typeof members)[number], slot: number): number {
  if ((texts as readonly string[]).includes(name)) return OF_STR;
  if ((maps as readonly string[]).includes(name)) return OF_MAP;
  return slot === SOURCE_IPS ? OF_ARRAY : MAP_OR_LIST;
}

/** The slot of a key in MessagePack, in which events are not made from other records. */
function slotOf(slot: number): number {
  return slot < WRAPPING ? slot : slot === TIMESTAMP ? IGNORED : -1;
}
