/** Whether a file was understood: which records hold no audit event, and what that says about the file. */
import type { Detection } from '../detect.ts';
import type { LineOf } from '../inputs/lines.ts';

/** Members of every audit event, as spelled in JSON and in JSON inside a string. */
const SIGNS = ['auditID', 'stageTimestamp'].flatMap((key) => [`${key}"`, `${key}\\`]).map((sign) => Buffer.from(sign));

/** The sign of an event in a record in which none was found. */
export function suspicionOf(record: Uint8Array, line: LineOf | undefined): string | undefined {
  const bytes = Buffer.from(record.buffer, record.byteOffset, record.length);
  if (SIGNS.some((sign) => bytes.includes(sign))) {
    return 'it has members of an audit event, but no event was found in it; unwrap it (jq), and report its shape';
  }
  return line?.kind === 'broken' ? 'it begins as JSON, but is truncated or not JSON' : undefined;
}

export interface Understanding {
  /** Counts one more record. */
  count(detection: Detection, line: LineOf | undefined): void;
  /** What to say about the records without an event, if anything, and whether there are so many that the file is doubtful. */
  conclude(): { note: string; isDoubtful: boolean } | undefined;
}

const ADVICE =
  'if it is an audit log, its layout is not supported: tripline scan --help lists those that are, and jq or sed can ' +
  'reduce each line to its event';

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
        return { note: `none of ${records} records contains an audit event; ${ADVICE}`, isDoubtful: true };
      }
      if (texts === 0) return undefined;
      const counted = `${texts} of ${records} records are lines of text without an audit event, the first is line ${firstText}`;
      // A log mixed with that of another program has some; if there are at least as many as events, events were not understood,
      // or it is not an audit log.
      return texts >= withEvents
        ? { note: `${counted}; ${ADVICE}`, isDoubtful: true }
        : { note: counted, isDoubtful: false };
    },
  };
}
