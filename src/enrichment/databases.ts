/** What databases of addresses know: autonomous system and country. */

/** What is known of an address. A member that is not there is not known. */
export interface Located {
  /** Number of the autonomous system that announces it. */
  asn?: number;
  /** Who runs that. */
  asOrganization?: string;
  /** Two letters (ISO 3166-1). */
  country?: string;
}

/** One file. */
export interface Database {
  path: string;
  /** Tells the file from others that were there before it. */
  stamp: string;
  /** What it says of itself: type, build. */
  build: string;
  /** What it has of an address. Where its data is broken there, nothing.
   * @param address as of `canonicalAddress` */
  of(address: string): Located;
}

export interface Databases {
  readonly files: readonly Database[];
  /** @param address as of `canonicalAddress` */
  of(address: string): Located;
}

const nothing: Located = {};

export const noDatabases: Databases = { files: [], of: () => nothing };

/** Addresses of which the answer is remembered. */
const MOST_REMEMBERED = 8192;

/** Several as one: of each member, the first that has it. */
export function databasesOf(files: readonly Database[]): Databases {
  if (files.length === 0) return noDatabases;
  const remembered = new Map<string, Located>();
  return {
    files,
    of(address) {
      let located = remembered.get(address);
      if (located === undefined) {
        located = Object.assign({}, ...files.map((file) => file.of(address)).reverse()) as Located;
        if (remembered.size === MOST_REMEMBERED) remembered.clear();
        remembered.set(address, located);
      }
      return located;
    },
  };
}
