/** Knows of each record what was fed, whether it was acknowledged and how often it arrived, and reports what is wrong. A few
 * bytes per record, so that it can hold millions.
 *
 * It compares a tag, except for what is unique to this record, its number and its time, with the tag of the same slot in an
 * undisturbed run (`learn`); and the whole tags, ids included, of all arrivals of one record. If correlations count records of
 * several chunks (`isSpread`), Fluent Bit keeps no order between chunks, and what was counted before a SIGKILL is lost by
 * design: the finding of the correlation may be on any record of the sequence; it may be missing only if state was lost between
 * the first sending of one of its chunks and the last acknowledgement. Everything else about these records is compared as for
 * others, as are bursts, which are in one chunk. */
import { decode } from '@msgpack/msgpack';
import {
  CHUNK,
  isBurst,
  isSpread,
  masked,
  membersOf,
  nanosecondsOf,
  PERIOD,
  SPREAD_PERIOD,
  secondOf,
  sequenceOf,
} from './records.ts';

/** Tags by slot, as in an undisturbed run. */
export interface Expected {
  tags: (string | undefined)[];
  /** Names of correlations that find something in spread records. */
  correlations: Set<string>;
  /** Hashes of whole tags, by number. */
  hashes: Uint32Array;
}

export type FaultKind =
  | 'missing'
  | 'bytes'
  | 'verdict'
  | 'duplicate'
  | 'correlation'
  | 'dropped'
  | 'dead letter'
  | 'process';

export interface Report {
  acknowledged: number;
  arrived: number;
  duplicates: number;
  /** Sequences of spread records: in how many something was found, of those in which it had to be. */
  sequences: { due: number; found: number; notDue: number };
  /** The number of each kind. */
  faults: Partial<Record<FaultKind, number>>;
  /** The first few of each kind, in words. */
  examples: string[];
}

/** Of each kind. */
const MAX_EXAMPLES = 5;
/** Stands for the tags of spread records, which are not compared as a whole. */
const SPREAD_HASH = 1;
/** In place of a number of losses. */
const NEVER = 0xffff;
/** Tags that many records share. */
const MAX_SHARED = 32;

interface TagSeen {
  bytes: Buffer;
  text: string;
  hash: number;
}

interface Finding {
  id: string;
  rule: string;
  summary: string;
  correlation?: unknown;
}

export class Oracle {
  readonly #expected: Expected;
  readonly #isLearning: boolean;
  readonly #isExact: boolean;
  readonly #acknowledged: Uint8Array;
  readonly #arrivals: Uint8Array;
  readonly #hashes: Uint32Array;
  readonly #shared: TagSeen[] = [];
  /** For spread records: findings of correlations by record and rule. */
  readonly #correlated = new Map<string, string>();
  readonly #found = new Set<number>();
  /** Per sequence, the records of which a finding was repeated with another id: the id depends on when its window began. */
  readonly #renamed = new Map<number, string>();
  /** How often state was lost before a chunk was sent first, and before it was acknowledged. */
  readonly #sentAfter: Uint16Array;
  readonly #safeAfter: Uint16Array;
  #losses = 0;
  #arrived = 0;
  #distinct = 0;
  readonly #faults: Partial<Record<FaultKind, number>> = {};
  readonly #examples: string[] = [];

  /** @param records are numbered below this
   * @param isExact whether the sender gives each record the time that its number implies, and sends bursts whole; Fluent Bit
   * does neither, so bursts are then compared like spread records */
  constructor(records: number, { expected, isExact = true }: { expected?: Expected; isExact?: boolean } = {}) {
    this.#isLearning = expected === undefined;
    this.#expected = expected ?? { tags: [], correlations: new Set(), hashes: new Uint32Array() };
    this.#isExact = isExact;
    this.#acknowledged = new Uint8Array(records);
    this.#arrivals = new Uint8Array(records);
    this.#hashes = new Uint32Array(records);
    const chunks = Math.ceil(records / CHUNK);
    this.#sentAfter = new Uint16Array(chunks).fill(NEVER);
    this.#safeAfter = new Uint16Array(chunks).fill(NEVER);
  }

  /** How many records arrived, each counted once. */
  get distinct(): number {
    return this.#distinct;
  }

  fault(kind: FaultKind, text: string): void {
    const count = (this.#faults[kind] ?? 0) + 1;
    this.#faults[kind] = count;
    if (count <= MAX_EXAMPLES) this.#examples.push(`${kind}: ${text}`);
  }

  /** The chunk that begins with a record is sent for the first time. */
  begin(from: number): void {
    this.#sentAfter[from / CHUNK] = this.#losses;
  }

  /** The records of a chunk, from one number up to another, have been acknowledged to the sender. */
  acknowledge(from: number, to: number): void {
    this.#acknowledged.fill(1, from, to);
    this.#safeAfter[from / CHUNK] = this.#losses;
  }

  /** What Tripline remembered of earlier records is lost, unless it was written. */
  stateLost(): void {
    this.#losses++;
  }

  /** Compares a record with what was fed.
   * @param time as it arrived
   * @param count members of its map
   * @param members the bytes of its map after the header, as many as were fed */
  check(n: number, time: { seconds: number; nanoseconds: number }, count: number, members: Buffer): void {
    if (n >= this.#arrivals.length) {
      this.fault('bytes', `record ${n} was not fed`);
      return;
    }
    const fed = membersOf(n);
    if (count !== fed.count + 1) this.fault('bytes', `record ${n} has ${count} members, not ${fed.count + 1}`);
    if (!members.equals(fed.bytes)) {
      const at = members.findIndex((byte, index) => byte !== fed.bytes[index]);
      const shown = (bytes: Buffer) => JSON.stringify(bytes.toString('latin1', Math.max(0, at - 20), at + 20));
      this.fault('bytes', `record ${n} has ${shown(members)} where ${shown(fed.bytes)} was fed`);
    }
    if (this.#isExact && (time.seconds !== secondOf(n) || time.nanoseconds !== nanosecondsOf(n))) {
      this.fault('bytes', `record ${n} has the time ${time.seconds} s ${time.nanoseconds} ns`);
    }
  }

  /** The tag at a position in the bytes, if it is one that many records share. */
  sharedTag(bytes: Buffer, start: number): Buffer | undefined {
    for (const { bytes: tag } of this.#shared) {
      const end = start + tag.length;
      if (end <= bytes.length && tag.compare(bytes, start, end) === 0) return tag;
    }
    return undefined;
  }

  /** A record arrived, and the receiver has acknowledged it. */
  arrive(n: number, tag: Buffer): void {
    if (n >= this.#arrivals.length) return;
    this.#arrived++;
    if (isSpread(n) || (isBurst(n) && !this.#isExact)) {
      this.#arriveSpread(n, tag);
    } else {
      const { text, hash } = this.#read(n, tag);
      this.#compare(n, text);
      this.#count(n, hash);
    }
  }

  /** For a burst that may have arrived in two chunks: what was found in the record itself. */
  #compareOwn(n: number, own: readonly string[]): void {
    const { rules, findings } = JSON.parse(this.#expected.tags[n % PERIOD]!) as {
      rules: string[];
      findings: Finding[];
    };
    const expected = findings.filter(({ correlation }) => correlation === undefined).map(({ rule }) => rule);
    if (own.join() !== expected.join()) this.fault('verdict', `record ${n} has findings of ${own}, not of ${rules}`);
  }

  #count(n: number, hash: number): void {
    const arrivals = this.#arrivals[n]!;
    if (arrivals === 0) this.#distinct++;
    if (arrivals < 255) this.#arrivals[n] = arrivals + 1;
    const undisturbed = this.#expected.hashes[n];
    if (undisturbed !== undefined && undisturbed !== hash && hash !== SPREAD_HASH) {
      this.fault('duplicate', `record ${n} has other ids than in the undisturbed run`);
    }
    if (arrivals === 0) this.#hashes[n] = hash;
    else if (this.#hashes[n] !== hash) this.fault('duplicate', `record ${n} came again with another tag`);
  }

  #compare(n: number, text: string): void {
    const slot = n % PERIOD;
    const { tags } = this.#expected;
    if (this.#isLearning) tags[slot] ??= text;
    if (tags[slot] !== text) this.fault('verdict', `record ${n} has the tag ${text}, not ${tags[slot]}`);
  }

  #read(n: number, tag: Buffer): TagSeen {
    for (const shared of this.#shared) if (shared.bytes === tag) return shared;
    const whole = decode(tag) as { findings?: Finding[] };
    const ids = whole.findings?.map(({ id }) => id) ?? [];
    let text = masked(JSON.stringify(whole), n);
    for (const id of ids) text = text.replaceAll(id, '<id>');
    const seen = { bytes: Buffer.from(tag), text, hash: hashOf(tag) };
    if (ids.length === 0 && !text.includes('<') && this.#shared.length < MAX_SHARED) this.#shared.push(seen);
    return seen;
  }

  #arriveSpread(n: number, tag: Buffer): void {
    const {
      findings = [],
      verdict,
      undecided,
    } = decode(tag) as {
      findings?: Finding[];
      verdict: string;
      undecided?: unknown;
    };
    const sequence = sequenceOf(n);
    for (const { rule, id, summary, correlation } of findings) {
      if (correlation === undefined) continue;
      const known = `${n} ${rule}`;
      const earlier = this.#correlated.get(known);
      if (earlier === undefined) this.#correlated.set(known, id);
      else if (earlier !== id && isSpread(n)) this.#renamed.set(sequence, `record ${n} has the finding of ${rule}`);
      else if (earlier !== id) this.fault('duplicate', `record ${n} has the finding of ${rule} with another id`);
      if (this.#isLearning) this.#expected.correlations.add(rule);
      if (!this.#expected.correlations.has(rule)) this.fault('correlation', `record ${n} has a finding of ${rule}`);
      if (!/trt-(spread|burst)-<0>/.test(masked(summary, n))) {
        this.fault('correlation', `record ${n} has a finding about another: ${summary}`);
      }
      if (isSpread(n)) this.#found.add(sequence);
    }
    const own = findings.filter(({ correlation }) => correlation === undefined).map(({ rule }) => rule);
    const isClear = verdict === 'clear' || (verdict === 'match' && own.length === 0 && findings.length > 0);
    const text = JSON.stringify({ own, verdict: isClear ? 'clear' : verdict, undecided });
    if (isSpread(n)) {
      this.#compare(n, text);
    } else {
      this.#compareOwn(n, own);
    }
    this.#count(n, SPREAD_HASH);
  }

  /** What the undisturbed run was expected to show. */
  learned(): Expected {
    return { ...this.#expected, hashes: this.#hashes };
  }

  report(): Report {
    let acknowledged = 0;
    let duplicates = 0;
    for (let n = 0; n < this.#arrivals.length; n++) {
      const arrivals = this.#arrivals[n]!;
      if (arrivals > 1) duplicates += arrivals - 1;
      if (this.#acknowledged[n] === 0) continue;
      acknowledged++;
      if (arrivals === 0) this.fault('missing', `record ${n} was acknowledged and never arrived`);
    }
    const sequences = this.#sequences();
    return {
      acknowledged,
      arrived: this.#arrived,
      duplicates,
      sequences,
      faults: { ...this.#faults },
      examples: [...this.#examples],
    };
  }

  #sequences(): Report['sequences'] {
    const sequences = { due: 0, found: 0, notDue: 0 };
    const chunks = SPREAD_PERIOD / CHUNK;
    for (let sequence = 0; (sequence + 1) * chunks <= this.#sentAfter.length; sequence++) {
      const [first, last] = [sequence * chunks, (sequence + 1) * chunks];
      const losses = [...this.#sentAfter.subarray(first, last), ...this.#safeAfter.subarray(first, last)];
      const isDue = losses.every((one) => one === losses[0] && one !== NEVER);
      if (!isDue) sequences.notDue++;
      else sequences.due++;
      const renamed = isDue ? this.#renamed.get(sequence) : undefined;
      if (renamed !== undefined) this.fault('duplicate', `${renamed} with another id, and no state was lost meanwhile`);
      if (isDue && this.#found.has(sequence)) sequences.found++;
      if (isDue && !this.#found.has(sequence)) {
        this.fault('correlation', `nothing was found in sequence ${sequence}, and no state was lost meanwhile`);
      }
    }
    return sequences;
  }
}

/** FNV-1a of 32 bits. */
function hashOf(bytes: Buffer): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < bytes.length; index++) hash = Math.imul(hash ^ bytes[index]!, 0x01000193);
  return hash >>> 0;
}
