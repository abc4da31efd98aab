/** What address databases contain: autonomous system and country. */

/** What is known about an address. An absent member is not known. */
export interface Located {
  /** Number of the autonomous system that announces it. */
  asn?: number;
  /** Who runs that system. */
  asOrganization?: string;
  /** Two letters (ISO 3166-1). */
  country?: string;
}

/** One file. */
export interface Database {
  path: string;
  /** Distinguishes the file from others that were at its path before. */
  stamp: string;
  /** What it says about itself: type, build. */
  build: string;
  /** What it contains for an address; nothing if its data is broken there.
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

/** Most addresses whose answer is remembered. */
const MOST_REMEMBERED = 8192;

/** Several databases as one: each member comes from the first that has it. */
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
