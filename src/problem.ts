/**
 * Everything that can be wrong with what others send, as one closed table.
 *
 * `status` is what an HTTP sender gets when the whole request is refused (RFC 9457 problem details); a problem without
 * one concerns a single record or a file and never fails a batch. Fluent Bit drops a chunk on any 4xx but 408 and 429,
 * so what a retry can cure is 429 or 503.
 */
interface Row {
  status?: number;
  /** Set if a setting, not the body, is at fault: Fluent Bit is made to retry, because a chunk that is refused permanently
   * by a 4xx is lost before somebody can fix the setting. */
  fixable?: true;
  title: string;
  remedy: string;
}

const problems = {
  'request.not_found': {
    status: 404,
    fixable: true,
    title: 'There is nothing at this path',
    remedy: 'Send records to /v1/records by POST or PUT (Fluent Bit: uri /v1/records).',
  },
  'request.method': {
    status: 405,
    fixable: true,
    title: 'The method is not allowed for this path',
    remedy: 'Send records by POST or PUT.',
  },
  'request.malformed': {
    status: 400,
    fixable: true,
    title: 'The request is not valid HTTP',
    remedy: 'Look at the detail, and at what is between sender and Tripline.',
  },
  'request.headers': {
    status: 431,
    fixable: true,
    title: 'The headers are larger than the limit',
    remedy: 'Send fewer or shorter headers; one that holds the Fluent tag may have some 60,000 bytes.',
  },
  'request.too_slow': {
    status: 408,
    fixable: true,
    title: 'The request did not arrive in time',
    remedy: 'Retry; if it lasts, look at the network between sender and Tripline, or send smaller chunks.',
  },
  'request.unauthorized': {
    status: 401,
    fixable: true,
    title: 'The credentials are missing or wrong',
    remedy: 'Set http_user and http_passwd, or the Authorization header, of the sender to what Tripline expects.',
  },
  'request.forbidden': {
    status: 403,
    fixable: true,
    title: 'The credentials are for another endpoint',
    remedy: 'Use credentials that open this one, or name it in the endpoints of these (auth).',
  },
  // Appears only in the log and the metrics: there is no request yet.
  'request.handshake': {
    title: 'A TLS handshake failed',
    remedy:
      "Look at what the client trusts and presents: it must trust Tripline's certificate, and its own must be signed " +
      'by an authority of tls.clientCa.',
  },
  'forward.malformed': {
    status: 400,
    fixable: true,
    title: 'The bytes do not follow the forward protocol',
    remedy:
      'Look at what connects there: it must be a forward output of Fluent Bit or out_forward of fluentd, with TLS on ' +
      'both sides or on neither.',
  },
  'forward.unauthorized': {
    status: 401,
    fixable: true,
    title: 'The shared key or the user is missing or wrong',
    remedy: 'Set shared_key, username and password of the sender to what forward.sharedKey and forward.users say.',
  },
  'forward.signal': {
    status: 415,
    fixable: true,
    title: 'The message holds metrics or traces',
    remedy: 'Set `match` of the output so that it matches logs only.',
  },
  'request.media_type': {
    status: 415,
    fixable: true,
    title: 'The content type is not one that Tripline reads',
    remedy:
      'Send the type that docs/sources.md names for this path; to /v1/records application/json, application/x-ndjson or ' +
      'application/msgpack (Fluent Bit: format json or msgpack).',
  },
  'request.encoding': {
    status: 415,
    fixable: true,
    title: 'The content encoding is not one that Tripline reads',
    remedy: 'Send gzip, snappy (raw block), zstd, or no Content-Encoding.',
  },
  'request.reply': {
    status: 400,
    fixable: true,
    title: 'The reply that was asked for does not exist',
    remedy: 'Use ?reply=records, matches, summary or none.',
  },
  'body.empty': { status: 400, title: 'The body is empty', remedy: 'Send at least one record, or [] for none.' },
  'body.corrupt': {
    status: 400,
    title: 'The compressed body cannot be decompressed',
    remedy: 'Check Content-Encoding and whether something between sender and Tripline cut the body.',
  },
  'body.unreadable': {
    status: 400,
    title: 'No record can be found in the body',
    remedy: 'Check that Content-Type names the format of the body.',
  },
  'body.too_large': {
    status: 413,
    title: 'The body is larger than the limit',
    remedy: 'Raise limits.maxBodyBytes or limits.maxDecompressedBytes, or send smaller chunks.',
  },
  'body.too_many_records': {
    status: 413,
    title: 'The body holds more records than the limit',
    remedy: 'Raise limits.maxRecords, or send smaller chunks.',
  },
  'server.overloaded': {
    status: 503,
    title: 'Too many bytes are being processed',
    remedy: 'Retry; if it lasts, raise limits.maxPendingBytes or add a replica.',
  },
  'server.backlog': {
    status: 503,
    title: 'More batches are waiting than can be answered in time',
    remedy: 'Retry; if it lasts, give Tripline more CPU, use rules that cost less, or add a replica.',
  },
  // The status, which nginx uses for the same, appears only in the log and the metrics.
  'request.abandoned': {
    status: 499,
    title: 'The sender has gone before its batch was delivered',
    remedy:
      'Nothing, if the sender retries; if it lasts, set limits.maxWaitSeconds below the time that the sender waits for ' +
      'an answer (Fluent Bit: http.response_timeout), or give Tripline more CPU.',
  },
  'server.keys': {
    status: 503,
    title: 'The keys that sign tokens cannot be fetched',
    remedy:
      'Retry; if it lasts, check that Tripline reaches the URL of keys (auth.jwt), and that it has a JSON Web Key Set.',
  },
  'console.host': {
    status: 421,
    title: 'The console does not answer under this name',
    remedy: 'Open it by the address that Tripline listens on, or add the name to console.hosts.',
  },
  'console.origin': {
    status: 403,
    title: 'The request comes from a page of another site',
    remedy: 'Open the console itself; a proxy in front of it must leave Host and Origin as the browser sends them.',
  },
  'console.query': {
    status: 400,
    title: 'The query cannot be answered',
    remedy: 'Look at the detail, and at docs/console.md.',
  },
  'console.gone': {
    status: 404,
    title: 'It is no longer kept, or never was',
    remedy:
      'Look for it where the sinks have written; raise console.maxFindingBytes and console.maxRecordBytes to keep ' +
      'more.',
  },
  'console.write_off': {
    status: 403,
    title: 'Exceptions are not written from the console',
    remedy: 'Look at the detail; or copy the text to a file in a folder of exceptions.',
  },
  'console.exists': {
    status: 409,
    title: 'A file with this name exists already',
    remedy: 'Look at it; remove it, or write the exception by hand.',
  },
  'console.unavailable': {
    status: 503,
    title: 'The console cannot answer at the moment',
    remedy: 'Retry; if it lasts, report the log line. Records are processed all the same.',
  },
  'server.draining': { status: 503, title: 'Tripline is shutting down', remedy: 'Retry.' },
  'sink.unavailable': {
    status: 503,
    title: 'A sink did not accept the records',
    remedy: 'Retry; check that the sink is up, that its address and key are right, and that its disk has space.',
  },
  'state.unavailable': {
    status: 503,
    title: 'The server of the state cannot be used',
    remedy:
      'Retry; if it lasts, check that the server of state.url is up, accepts writes and has space, or set ' +
      'state.whenUnavailable: local, to continue with only what this Tripline has seen.',
  },
  'sink.refused': {
    title: 'A sink is up but does not accept one of the records',
    remedy:
      'Look at the message, which says what to set; deadLetterPath keeps such records, and a spool sets their batch aside ' +
      'meanwhile.',
  },
  'storage.failed': {
    title: 'Object storage does not return or accept an object',
    remedy: 'Do what the message says.',
  },
  'server.internal': {
    status: 503,
    title: 'Tripline failed on this batch by a defect of its own',
    remedy: 'Retry, and report the log line with its stack.',
  },
  'record.not_a_map': {
    title: 'The record is not a map, so a tag cannot be added to it',
    remedy: 'Send records as objects; Fluent Bit does.',
  },
  'record.malformed': {
    title: 'The record cannot be read',
    remedy: 'Look at the record where it was written; Tripline has passed it on as it came.',
  },
  'record.failed': {
    title: 'Tripline failed on this record by a defect of its own',
    remedy: 'Report the log line with its stack; the record was passed on as it came, without being evaluated.',
  },
  'record.too_large': {
    title: 'The record holds more values than are read',
    remedy: 'Look at what writes such a record; Tripline has passed it on without evaluating it.',
  },
  'record.too_deep': {
    title: 'The event is inside too many wrappers',
    remedy: 'Unwrap the record before it is sent to Tripline, and report the shape: each system on its way adds one.',
  },
  'rule.invalid': { title: 'The rule cannot be used', remedy: 'Fix the rule where the message points.' },
  'config.invalid': { title: 'The configuration cannot be used', remedy: 'Fix the setting that the message names.' },
} satisfies Record<string, Row>;

export type ProblemCode = keyof typeof problems;

/** One thing that is wrong: a code of the table, and the details of this case. Thrown for a request, a file or a setting;
 * carried as data for a record. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly code: ProblemCode;

  /** @param detail what was found and where, for a person: `byte 17: expected ',' or '}', found 'x'` */
  constructor(code: ProblemCode, detail: string, options?: ErrorOptions) {
    // Without a stack: it is data, a batch can hold a million of them, and where one was made helps nobody.
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(detail, options);
    Error.stackTraceLimit = stackTraceLimit;
    this.code = code;
  }

  get title(): string {
    return problems[this.code].title;
  }

  get remedy(): string {
    return problems[this.code].remedy;
  }

  /** The HTTP status for a request that fails with this problem; 503 for what is not the request's fault.
   * @param sender `keeper`: it keeps what is refused with 503 and loses what is refused with a 4xx, as Fluent Bit does */
  statusFor(sender: 'keeper' | 'other'): number {
    const { status = 503, fixable }: Row = problems[this.code];
    return fixable && sender === 'keeper' ? 503 : status;
  }
}

/** What went wrong with one record, which must not fail the batch: a retry would fail on it again, and in the end all of
 * its records would be lost. */
export function recordProblem(error: unknown): Problem {
  return error instanceof Problem ? error : new Problem('record.failed', (error as Error).message, { cause: error });
}

/** Every code of the table, for docs and tests. */
export const problemCodes = Object.keys(problems) as ProblemCode[];
