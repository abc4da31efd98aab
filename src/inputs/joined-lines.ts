/** Texts that a writer has spread over several lines of a log, each joined into one line again. */

export interface Line {
  /** Of the file, from 1; that of the first line if several were joined. */
  number: number;
  /** Without its end. */
  bytes: Uint8Array;
  /** LF, CRLF, NUL, or nothing at the end of the file. */
  end: Uint8Array;
}

/** Handles one convention of writers. Holds what is not complete yet. */
interface Joiner {
  /** Looks at the next line.
   * @returns the lines that are complete before it, and whether the line itself has become part of one */
  take(line: Line): { complete: Line[]; isJoined: boolean };
  /** What is still held when no line follows. */
  rest(): Line[];
}

export interface JoinedLines {
  /** The lines that are complete once this line is added, ordered by their last line. */
  take(line: Line): Line[];
  rest(): Line[];
}

/** @param maxBytes of one joined line; a longer one is cut into several */
export function joinedLines(maxBytes: number): JoinedLines {
  const joiners = [prettyPrinted(maxBytes), ...['stdout', 'stderr'].map((stream) => criPartials(stream, maxBytes))];
  return {
    take(line) {
      const found: Line[] = [];
      for (const joiner of joiners) {
        const { complete, isJoined } = joiner.take(line);
        found.push(...complete);
        if (isJoined) return found;
      }
      found.push(line);
      return found;
    },
    rest: () => joiners.flatMap((joiner) => joiner.rest()),
  };
}

const PASSED: ReturnType<Joiner['take']> = { complete: [], isJoined: false };
const JOINED: ReturnType<Joiner['take']> = { complete: [], isJoined: true };

/** Memory that a held line takes besides its bytes. */
const LINE_COST = 200;

/** Lines that will be joined into one. */
interface Held {
  isEmpty(): boolean;
  /** Whether one more line is within the limit. */
  hasRoomFor(bytes: Uint8Array): boolean;
  hold(line: Line): void;
  /** The lines as one; empty if none is held. */
  join(): Line[];
}

function holdLines(separator: string, maxBytes: number): Held {
  let first: Line | undefined;
  let end: Uint8Array = Buffer.alloc(0);
  let parts: Uint8Array[] = [];
  let size = 0;
  return {
    isEmpty: () => first === undefined,
    hasRoomFor: (bytes) => size + bytes.length + LINE_COST <= maxBytes,
    hold(line) {
      if (first !== undefined) parts.push(Buffer.from(separator));
      first ??= line;
      // Copies, since a line is a view of a chunk, which a short line would keep in memory.
      parts.push(Buffer.from(line.bytes));
      end = Buffer.from(line.end);
      size += line.bytes.length + LINE_COST;
    },
    join() {
      const joined = first === undefined ? [] : [{ number: first.number, bytes: Buffer.concat(parts), end }];
      first = undefined;
      parts = [];
      size = 0;
      return joined;
    },
  };
}

/** `aws logs tail --format json` writes time and stream of an event on a line of their own, and a space after them. */
const HEADER = /^\d{4}-\d\d-\d\dT\S+ [^\s{[]+ ?$/;
const LONGEST_HEADER = 600;

/** JSON that is printed over several lines, and a line with a time before it. Each line inside it must be indented, so that
 * JSON that is cut does not swallow the lines after it. */
function prettyPrinted(maxBytes: number): Joiner {
  // A line end in JSON is white space, as it is between a header and its event.
  const held = holdLines(' ', maxBytes);
  let isOpen = false;
  return {
    take(line) {
      const first = charAt(line.bytes, 0);
      if (isOpen && ' \t}]'.includes(first) && held.hasRoomFor(line.bytes)) {
        held.hold(line);
        isOpen = first === ' ' || first === '\t';
        return isOpen ? JOINED : { complete: held.join(), isJoined: true };
      }
      const isOpening = (first === '{' || first === '[') && isBlankFrom(line.bytes, 1);
      if (!isOpening && held.isEmpty() && !isHeader(line.bytes)) return PASSED;
      // Open JSON, or a header without JSON.
      const complete = isOpening && !isOpen ? [] : held.join();
      isOpen = isOpening;
      if (!isOpening && !isHeader(line.bytes)) return { complete, isJoined: false };
      held.hold(line);
      return { complete, isJoined: true };
    },
    rest: held.join,
  };
}

function isHeader(bytes: Uint8Array): boolean {
  return bytes.length <= LONGEST_HEADER && isDigit(bytes[0]) && HEADER.test(startOf(bytes, LONGEST_HEADER));
}

/** `<time> <stream> <P or F>[:more tags] <text>`: the log of a container runtime, with P if the text continues. */
const CRI_PREFIX = /^(\d{4}-\d\d-\d\dT\S+ (std(?:out|err))) ([PF](?::\S*)?)(?: |$)/;
const LONGEST_CRI_PREFIX = 100;

/** The parts into which a container runtime cuts a long line of one stream; lines of the other may lie between them. */
function criPartials(stream: string, maxBytes: number): Joiner {
  const held = holdLines('', maxBytes);
  return {
    take(line) {
      const { bytes } = line;
      if (!isDigit(bytes[0])) return PASSED;
      const [prefix, place, name, tags] = CRI_PREFIX.exec(startOf(bytes, LONGEST_CRI_PREFIX)) ?? [];
      if (prefix === undefined || name !== stream || (tags === 'F' && held.isEmpty())) return PASSED;
      const complete = held.hasRoomFor(bytes) ? [] : held.join();
      if (held.isEmpty()) held.hold({ ...line, bytes: Buffer.from(`${place} F `) });
      held.hold({ ...line, bytes: bytes.subarray(prefix.length) });
      return { complete: tags.startsWith('F') ? [...complete, ...held.join()] : complete, isJoined: true };
    },
    rest: held.join,
  };
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39;
}

function charAt(bytes: Uint8Array, at: number): string {
  return at < bytes.length ? String.fromCharCode(bytes[at]) : '\n';
}

/** As Latin-1, so that a regular expression sees each byte as a character. */
function startOf(bytes: Uint8Array, length: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(length, bytes.length)).toString('latin1');
}

function isBlankFrom(bytes: Uint8Array, start: number): boolean {
  for (let at = start; at < bytes.length; at++) if (!' \t'.includes(charAt(bytes, at))) return false;
  return true;
}
