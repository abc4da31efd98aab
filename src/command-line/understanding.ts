/** Whether a file was understood: what of it holds no audit event, and what that says of the file. */
import type { Detection } from '../detect.ts';
import type { LineOf } from '../inputs/lines.ts';

/** Members of every audit event, as JSON spells them, and JSON inside a string. */
const SIGNS = ['auditID', 'stageTimestamp'].flatMap((key) => [`${key}"`, `${key}\\`]).map((sign) => Buffer.from(sign));

/** What speaks for an event in a record in which none was found. */
export function suspicionOf(record: Uint8Array, line: LineOf | undefined): string | undefined {
  const bytes = Buffer.from(record.buffer, record.byteOffset, record.length);
  if (SIGNS.some((sign) => bytes.includes(sign))) {
    return 'it has members of an audit event, but no event was found in it; unwrap it (jq), and report its shape';
  }
  return line?.kind === 'broken' ? 'it begins as JSON, but is cut, or no JSON' : undefined;
}

export interface Understanding {
  /** Counts one more record. */
  count(detection: Detection, line: LineOf | undefined): void;
  /** What to say of the records without an event, if anything, and whether so many of them put the file in doubt. */
  conclude(): { note: string; isDoubtful: boolean } | undefined;
}

const ADVICE =
  'if it is an audit log, its layout is not one that is read: tripline scan --help lists those that are, and jq or sed ' +
  'can bring each line to its event';

/** Counts from zero, for one file. */
export function startUnderstanding(): Understanding {
  let records = 0;
  let withEvents = 0;
  let texts = 0;
  let firstText: number | undefined;
  return {
    count({ verdict }, line) {
      records++;
      if (verdict !== 'not_audit' && verdict !== 'error') withEvents++;
      if (verdict === 'not_audit' && line?.kind === 'text') {
        texts++;
        firstText ??= line.number;
      }
    },
    conclude() {
      if (records > 0 && withEvents === 0) {
        return { note: `none of ${records} records holds an audit event; ${ADVICE}`, isDoubtful: true };
      }
      if (texts === 0) return undefined;
      const counted = `${texts} of ${records} records are lines of text without an audit event, the first is line ${firstText}`;
      // A log beside that of another program has some; more than events are events that were not understood, or no audit log.
      return texts >= withEvents
        ? { note: `${counted}; ${ADVICE}`, isDoubtful: true }
        : { note: counted, isDoubtful: false };
    },
  };
}
