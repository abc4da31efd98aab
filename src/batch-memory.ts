/** Bounds the memory that a batch keeps of its tagged records until it is delivered. Only a batch of many megabytes comes
 * near the bounds. */
import type { Detection } from './detect.ts';
import type { AuditEvent } from './record.ts';
import { unixNanoFromRfc3339 } from './time.ts';

export interface BatchMemory {
  /** The detection to tag a record with: once the lists of the batch are full, its own are left out of the tag. */
  listed(detection: Detection): Detection;
  /** The part of a detection that is kept after that: once the batch keeps enough events, only what is counted.
   * @param recordBytes size of its record */
  counted(detection: Detection, recordBytes: number): Detection;
  /** Estimated bytes of memory for tags and detections. */
  bytes(): number;
}

/** For the findings and other items that the tags of a batch list. */
const MAX_LISTED_BYTES = 64 * 1024 * 1024;
/** For the records whose events are kept. Once parsed, a record takes several times its bytes. */
const MAX_RECORD_BYTES = 8 * 1024 * 1024;

const FINDING_BYTES = 1200;
const ITEM_BYTES = 120;
const RECORD_BYTES = 200;
/** A tag that is not shared with other records, without its lists. */
const TAG_BYTES = 1000;
const READ_TIMES = 8;
/** The least for an event, if a record has many. */
const EVENT_BYTES = 400;

type Audited = Extract<Detection, { events: unknown }>;

/** @param areClearShared whether one detection may stand for all records of a platform about which there is nothing to say */
export function batchMemory(areClearShared = false): BatchMemory {
  let listedBytes = 0;
  let recordBytes = 0;
  let otherBytes = 0;
  const sameOf = <T extends object>(keyOf: (item: T) => string) => {
    const firsts = new Map<string, T>();
    return (items: readonly T[]): readonly T[] => {
      if (items.length === 0) return items;
      return items.map((item) => {
        const key = keyOf(item);
        const first = firsts.get(key);
        if (first === undefined) firsts.set(key, item);
        return first ?? item;
      });
    };
  };
  /** For each platform, the first detection that has a time, from which the lag of the batch is measured. */
  const clear = new Map<AuditEvent['platform'], Detection>();
  const sharedFor = (detection: Audited): Detection => {
    const { platform } = detection.event;
    const known = clear.get(platform);
    if (known !== undefined) return known;
    const counted = withoutEvents(detection);
    if (isTimed(detection)) clear.set(platform, counted);
    return counted;
  };
  const sameFindings = sameOf(({ rule, level }: Audited['findings'][number]) => `${rule}\0${level}`);
  const sameReports = sameOf(({ rule, level }: Audited['reports'][number]) => `${rule}\0${level}`);
  const sameSilenced = sameOf(({ rule, exception }: Audited['silenced'][number]) => `${rule}\0${exception}`);

  return {
    listed(detection) {
      otherBytes += RECORD_BYTES;
      if (!('findings' in detection)) return detection;
      const { findings, reports, shadow, shadowReports, undecided, silenced } = detection;
      const found = findings.length + reports.length + shadow.length + shadowReports.length;
      const items = undecided.length + silenced.length;
      if (found + items === 0) return detection;
      otherBytes += TAG_BYTES;
      const bytes = found * FINDING_BYTES + items * ITEM_BYTES;
      if (listedBytes + bytes <= MAX_LISTED_BYTES) {
        listedBytes += bytes;
        return detection;
      }
      return {
        ...detection,
        findings: sameFindings(findings),
        shadow: sameFindings(shadow),
        reports: sameReports(reports),
        shadowReports: sameReports(shadowReports),
        undecided: [],
        silenced: sameSilenced(silenced),
        unlisted: found + items,
      };
    },
    counted(detection, bytes) {
      if (!('events' in detection)) return detection;
      if (areClearShared && isPlain(detection)) return sharedFor(detection);
      // Events that were compressed inside it are larger than the record.
      const readBytes = Math.max(bytes, detection.events.length * EVENT_BYTES);
      if (recordBytes + readBytes <= MAX_RECORD_BYTES) {
        recordBytes += readBytes;
        return detection;
      }
      otherBytes += RECORD_BYTES;
      return withoutEvents(detection);
    },
    bytes: () => listedBytes + recordBytes * READ_TIMES + otherBytes,
  };
}

/** Whether there is nothing to say about a record except that it is clear. */
function isPlain({ verdict, reports, shadow, shadowReports, silenced, problem, state }: Audited): boolean {
  const items = reports.length + shadow.length + shadowReports.length + silenced.length;
  return verdict === 'clear' && items === 0 && problem === undefined && state === undefined;
}

function isTimed({ event: { stageTimestamp, requestReceivedTimestamp } }: Audited): boolean {
  return unixNanoFromRfc3339(stageTimestamp || requestReceivedTimestamp) !== undefined;
}

/** A detection without its events, except for what is counted: nothing in it refers to the bytes of its record. */
export function withoutEvents(detection: Detection): Detection {
  if (!('events' in detection)) return detection;
  const { platform, stageTimestamp, requestReceivedTimestamp } = detection.event;
  const event = { platform, stageTimestamp, requestReceivedTimestamp } as AuditEvent;
  return { ...detection, events: [], event };
}
