/** Reads an address database in the MaxMind format.
 * @see https://maxmind.github.io/MaxMind-DB/ */
import { createRequire } from 'node:module';
import type * as mmdb from 'mmdb-lib';
import type * as decoder from 'mmdb-lib/lib/decoder.js';
import type { Metadata } from 'mmdb-lib/lib/metadata.js';
import { isMap, type JsonMap, member, textAt } from '../json/map.ts';
import type { Database, Located } from './databases.ts';

/** Between the tree and the data. */
const SEPARATOR_BYTES = 16;
const LONGEST_NAME = 256;
/** Precedes the metadata. */
const MARKER = Buffer.from('\xab\xcd\xefMaxMind.com', 'latin1');
/** Most references that a lookup may follow: an entry with the names in all languages has some hundreds. */
const MOST_REFERENCES = 4096;

/** @param bytes of the whole file, which the database keeps
 * @throws Error if it is not in this format, or is cut or broken */
export function databaseIn(bytes: Buffer): Pick<Database, 'build' | 'of'> {
  // Loaded on demand, as few installations have one; synchronously, as rules are loaded in one step.
  const load = createRequire(import.meta.url);
  const { Reader } = load('mmdb-lib') as typeof mmdb;
  const { default: Decoder } = load('mmdb-lib/lib/decoder.js') as typeof decoder.default;
  const read = new Budget();
  let reader: mmdb.Reader<mmdb.Response>;
  try {
    // The reader follows the references of the metadata without a limit.
    const start = bytes.lastIndexOf(MARKER) + MARKER.length;
    const counted = new Budget();
    counted.begin();
    new Decoder(bytes, start, { get: (key) => void counted.get(key), set: () => undefined }).decode(start);
    reader = new Reader(bytes, { cache: read });
  } catch {
    throw new Error('it is not a database in the format of MaxMind (MMDB), or it is truncated');
  }
  const { databaseType, buildEpoch, ipVersion } = reader.metadata;
  checkTree(reader.metadata, bytes);
  return {
    build: JSON.stringify([databaseType, Number(buildEpoch), bytes.length]),
    of(address) {
      // An IPv4 tree cannot contain IPv6 addresses.
      if (ipVersion === 4 && address.includes(':')) return {};
      try {
        read.begin();
        return locatedIn(reader.get(address));
      } catch {
        return {};
      }
    },
  };
}

/** Remembers the values that a lookup has read, so that one that many others refer to is read once, and ends a lookup that
 * follows too many references: they may form a cycle. */
class Budget {
  #values = new Map<string | number, unknown>();
  #left = 0;

  begin(): void {
    this.#values.clear();
    this.#left = MOST_REFERENCES;
  }

  // biome-ignore lint/suspicious/noExplicitAny: the reader's own type
  get(key: string | number): any {
    if (this.#left-- === 0) throw new Error('too many references');
    return this.#values.get(key);
  }

  set(key: string | number, value: unknown): void {
    this.#values.set(key, value);
  }
}

/** @throws Error unless each branch of the tree leads to another node, to data, or to nothing */
function checkTree({ nodeCount, recordSize, searchTreeSize, ipVersion }: Metadata, bytes: Buffer): void {
  const dataBytes = bytes.length - searchTreeSize - SEPARATOR_BYTES;
  const isSound = Number.isSafeInteger(nodeCount) && nodeCount > 0 && dataBytes > 0 && [4, 6].includes(ipVersion);
  if (!isSound) throw new Error('its metadata does not fit the file: it is truncated or broken');
  const step = recordSize / 4;
  for (let offset = 0; offset < searchTreeSize; offset += step) {
    const [left, right] = branchesAt(bytes, offset, recordSize);
    if (leadsAstray(left) || leadsAstray(right)) {
      throw new Error(`its tree leads out of the file at byte ${offset}: it is truncated or broken`);
    }
  }

  function leadsAstray(branch: number): boolean {
    const place = branch - nodeCount - SEPARATOR_BYTES;
    return branch > nodeCount && (place < 0 || place >= dataBytes);
  }
}

function branchesAt(bytes: Buffer, offset: number, recordSize: number): [left: number, right: number] {
  if (recordSize === 24) return [bytes.readUIntBE(offset, 3), bytes.readUIntBE(offset + 3, 3)];
  if (recordSize === 32) return [bytes.readUInt32BE(offset), bytes.readUInt32BE(offset + 4)];
  const middle = bytes[offset + 3]!;
  return [
    (middle >> 4) * 2 ** 24 + bytes.readUIntBE(offset, 3),
    (middle & 15) * 2 ** 24 + bytes.readUIntBE(offset + 4, 3),
  ];
}

/** What an entry says, in the keys of MaxMind and DB-IP, or in those of IPinfo. */
function locatedIn(entry: unknown): Located {
  if (!isMap(entry)) return {};
  const asn = asnIn(entry);
  const asOrganization = nameIn(textAt(entry, 'autonomous_system_organization') ?? textAt(entry, 'as_name'));
  const country = [textAt(entry, 'country', 'iso_code'), textAt(entry, 'country_code'), textAt(entry, 'country')].find(
    (code) => code !== undefined && /^[A-Z]{2}$/.test(code),
  );
  return {
    ...(asn !== undefined && { asn }),
    ...(asOrganization !== undefined && { asOrganization }),
    ...(country !== undefined && { country }),
  };
}

function asnIn(entry: JsonMap): number | undefined {
  const number = member(entry, 'autonomous_system_number') ?? /^AS(\d{1,10})$/.exec(textAt(entry, 'asn') ?? '')?.[1];
  const asn = typeof number === 'string' ? Number(number) : number;
  return Number.isSafeInteger(asn) && (asn as number) > 0 ? (asn as number) : undefined;
}

function nameIn(text: string | undefined): string | undefined {
  return text === undefined || text === '' ? undefined : text.slice(0, LONGEST_NAME);
}
