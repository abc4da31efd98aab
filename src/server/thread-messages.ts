/** Messages between the thread of the HTTP server and the one that processes batches. Bytes are transferred, not copied. */
import type { Origin } from '../batch/origin.ts';
import { Problem, type ProblemCode } from '../problem.ts';
import type { Answer, ReplyBody, Wanted } from './processor.ts';

/** A batch, and what belongs to its request. */
export interface BatchMessage {
  kind: 'batch';
  id: number;
  bytes: Uint8Array<ArrayBuffer>;
  /** Name of its codec. */
  codec: string;
  fluentTag: string | undefined;
  receivedUnixNano: bigint;
  origin?: Origin;
  wanted: Wanted;
  /** The headers of W3C Trace Context that identify the request's span. */
  trace: Record<string, string>;
}

export type Order = BatchMessage | { kind: 'gone'; id: number; failure: Failure };

export type Report =
  | { kind: 'tagged'; id: number; heldBytes: number }
  | { kind: 'answered'; id: number; records: number; reply: ReplyBody | undefined; defect: Failure | undefined }
  /** `bytes` are those of the batch, given back. */
  | { kind: 'failed'; id: number; failure: Failure; bytes: Uint8Array<ArrayBuffer> };

/** An error as it is sent from one thread to another. */
export interface Failure {
  /** Undefined if it is a defect rather than a problem. */
  code: ProblemCode | undefined;
  message: string;
  stack: string | undefined;
  cause: Failure | undefined;
}

export function failureOf(error: unknown): Failure {
  const { message, stack, cause } = error as Error;
  const code = error instanceof Problem ? error.code : undefined;
  return { code, message, stack, cause: cause === undefined ? undefined : failureOf(cause) };
}

export function errorOf({ code, message, stack, cause }: Failure): Error {
  const options = cause && { cause: errorOf(cause) };
  if (code !== undefined) return new Problem(code, message, options);
  const error = new Error(message, options);
  if (stack !== undefined) error.stack = stack;
  return error;
}

/** Bytes that can be transferred: those that are part of a larger buffer are copied first. */
export function whole(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const isWhole = bytes.buffer instanceof ArrayBuffer && bytes.byteLength === bytes.buffer.byteLength;
  return (isWhole ? bytes : new Uint8Array(bytes)) as Uint8Array<ArrayBuffer>;
}

export function answerOf({ records, reply, defect }: Extract<Report, { kind: 'answered' }>): Answer {
  // Fastify copies what is not a Buffer.
  const body = reply && Buffer.from(reply.body.buffer, reply.body.byteOffset, reply.body.byteLength);
  return { records, reply: reply && { ...reply, body: body! }, defect: defect && (errorOf(defect) as Problem) };
}
