/** What a string of a log record holds: JSON in the forms in which pipelines forward it. */
import { constants, gunzipSync } from 'node:zlib';
import { Problem } from '../problem.ts';
import { pruneDeep } from './depth.ts';
import { parseExactly } from './exact.ts';
import { isMap } from './map.ts';
import { type Salvaged, salvage } from './salvage.ts';
import { countOpenBrackets } from './scan.ts';

/** Bytes that the gzip data of a batch may still inflate to. What is inflated is deducted, and so is the limit for a text that
 * exceeds it. */
export interface InflateBudget {
  remaining: number;
}

/** The most bytes that one text may inflate to. */
const MAX_INFLATED_BYTES = 32 * 1024 * 1024;
/** Memory that a map or list takes, however short it is as text. */
const CONTAINER_BYTES = 50;
/** JSON texts in one string: each needs a parser of its own, so that brackets without JSON in them would be slow. */
const MAX_DOCUMENTS = 100_000;

/** Layers of quoting, base64 and gzip around one JSON text. */
const MAX_LAYERS = 6;
/** CloudWatch Logs ends a message that it has cut like this. */
const TRUNCATION_NOTE = /\[Truncated\.\.\.\]\s*$/;
/** A time before a line: CloudWatch exports, `aws logs tail` with the log stream, and CRI log files with stream and
 * full/partial mark. */
const TIME_PREFIX = /^\d{4}-\d\d-\d\d[T ]\S+\s+(?:std(?:out|err) [FP] |[^\s"{[]+\s+)?(?=[{[])/;
/** `oc adm node-logs` puts the node in front. Other programs put a word before JSON, too, so an event has to be visible. */
const NODE_PREFIX = /^[\w.-]+ (?=\{"(?:kind|apiVersion|level|auditID|metadata)":)/;
/** The longest prefix: the name of a log stream has up to 512 characters, that of a node 253. */
const MAX_PREFIX = 640;

type Form = 'json' | 'escaped' | 'quoted' | 'base64' | 'text';

function formOf(text: string): Form {
  const start = text.slice(0, 96).trimStart();
  if (/^[{[]/.test(start)) return /^[{[]+\\+"/.test(start) ? 'escaped' : 'json';
  if (start.startsWith('"')) return 'quoted';
  if (/^\w/.test(start)) {
    const prefix = text.slice(0, MAX_PREFIX).trimStart();
    if (TIME_PREFIX.test(prefix) || NODE_PREFIX.test(prefix)) return 'json';
  }
  if (start.length >= 16 && /^[\w+/=-]+\s*$/.test(start)) {
    const [first, second] = Buffer.from(start.slice(0, 4), 'base64');
    if (first === 0x7b || first === 0x5b || (first === 0x1f && second === 0x8b)) return 'base64';
  }
  return 'text';
}

/** Whether a string, judging by its first characters, is worth a call of `embedded`. */
export function mayHoldJson(text: string): boolean {
  return formOf(text) !== 'text';
}

/** Returns the JSON values that a string holds, in order: usually one, more if texts were joined with or without line ends,
 * none for plain text. Quotes, base64 and gzip around the JSON are removed; cut JSON is salvaged, and below `maxDepth` levels
 * of one text is the mark `too_deep`. What cannot be read is replaced by a Problem, `record.malformed` (gzip data, or more
 * texts than one string can hold). */
export function embedded(text: string, budget: InflateBudget, maxDepth: number): unknown[] {
  let inner: string | undefined = text;
  for (let layer = 0; layer <= MAX_LAYERS && inner !== undefined; layer++) {
    switch (formOf(inner)) {
      case 'text':
        return [];
      case 'json':
        return parseAll(inner, maxDepth);
      case 'escaped':
        inner = unquote(inner.trim());
        break;
      case 'quoted':
        inner = unquote(inner.trim().slice(1).replace(/"$/, ''));
        break;
      case 'base64': {
        const bytes = Buffer.from(inner, 'base64');
        const inflated = bytes[0] === 0x1f ? inflate(bytes, budget) : bytes.toString();
        if (inflated instanceof Problem) return [inflated];
        inner = inflated;
      }
    }
  }
  return [];
}

/** Reads one JSON text as far as possible; below `maxDepth` levels is the mark `too_deep`. */
export function parseJson(text: string, maxDepth: number): Salvaged {
  const whole = parseWhole(text);
  return whole === undefined
    ? salvage(text.replace(TRUNCATION_NOTE, ''), { maxDepth })
    : { value: pruneDeep(whole.value, maxDepth), cut: false };
}

function parseWhole(text: string): { value: unknown } | undefined {
  try {
    return { value: parseExactly(text) };
  } catch {
    return undefined;
  }
}

function parseAll(text: string, maxDepth: number): unknown[] {
  const result = parseJson(text, maxDepth);
  if (!result.cut) return [result.value];
  // A cut message must not swallow the ones joined after it, so lines that each start a text are tried first.
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const texts = lines.every((line) => formOf(line) === 'json') ? lines : [text];
  const found = texts.flatMap(documents);
  const values = found.slice(0, MAX_DOCUMENTS).flatMap((document) => valuesOf(parseJson(document, maxDepth)));
  if (found.length <= MAX_DOCUMENTS) return values;
  return [...values, new Problem('record.malformed', `a string holds more than ${MAX_DOCUMENTS} JSON texts`)];
}

/** What was read and, after a list of maps that is cut, the Problem that there was more: a list has no place for the mark.
 * Text that merely begins with a bracket is not such a list. */
function valuesOf(result: Salvaged): unknown[] {
  if (!result.cut || !Array.isArray(result.value) || !result.value.some(isMap)) return [result.value];
  return [result.value, new Problem('record.malformed', 'a list of JSON values inside the record is cut')];
}

/** The top-level maps and arrays of a text; the last one may be open. What lies between them is not JSON. */
function documents(text: string): string[] {
  const found: string[] = [];
  let depth = 0;
  let start = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (quoted) {
      if (char === '\\') at++;
      else if (char === '"') quoted = false;
    } else if (char === '{' || char === '[') {
      if (depth++ === 0) start = at;
    } else if (depth > 0) {
      if (char === '"') quoted = true;
      else if ((char === '}' || char === ']') && --depth === 0) found.push(text.slice(start, at + 1));
    }
  }
  if (depth > 0) found.push(text.slice(start));
  // CloudWatch's note after a message that was cut just at its end.
  return found.filter((document) => document !== '[Truncated...]');
}

/** The inside of a JSON string literal, which may be cut in the middle of an escape. */
function unquote(inside: string): string | undefined {
  const whole = parseWhole(`"${inside}"`) ?? parseWhole(`"${inside.replace(/\\[^\\"]*$/, '')}"`);
  return whole?.value as string | undefined;
}

function inflate(bytes: Buffer, budget: InflateBudget): string | Problem {
  const maxOutputLength = Math.min(budget.remaining, MAX_INFLATED_BYTES);
  if (maxOutputLength < 1) return new Problem('record.malformed', 'the batch inflates beyond the limit');
  try {
    // Z_SYNC_FLUSH: data that is cut yields what there is instead of an error.
    const inflated = gunzipSync(bytes, { maxOutputLength, finishFlush: constants.Z_SYNC_FLUSH });
    budget.remaining -= inflated.length + CONTAINER_BYTES * countOpenBrackets(inflated);
    if (budget.remaining < 0) return new Problem('record.malformed', 'the batch inflates beyond the limit');
    return inflated.toString();
  } catch (cause) {
    const isBomb = cause instanceof RangeError;
    if (isBomb) budget.remaining -= maxOutputLength;
    const what = isBomb ? 'inflates beyond the limit' : 'is corrupt';
    return new Problem('record.malformed', `gzip data inside the record ${what}`, { cause });
  }
}
