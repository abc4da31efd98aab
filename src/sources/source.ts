/** The contract of a kind of sender over HTTP: where its requests go, how their bodies are read, and how they are answered. */
import type { Codec } from '../codecs/codec.ts';
import type { Problem } from '../problem.ts';

export interface Source {
  /** As in logs and spans. */
  readonly name: string;
  /** Path of its requests, which come by POST or PUT. */
  readonly path: string;
  /** The Fluent tag of batches whose request names none, if there is one. */
  readonly fluentTag?: string;
  /** Whether its senders keep what is refused with 503 and lose what is refused with a 4xx. What a setting can fix is then
   * refused with 503. If left out, it depends on the sender: Fluent Bit is such a sender. */
  readonly keepsRefused?: boolean;
  /** The reply if the request does not ask for one. If left out, that of the configuration. */
  readonly reply?: 'none';
  /** Whether an empty body is accepted as a request without records. */
  readonly takesEmpty?: boolean;
  /** The codec of a body.
   * @param mediaType Content-Type, with its parameters
   * @returns undefined if bodies of that type are not read */
  codecFor(mediaType: string | undefined): Codec | undefined;
  /** A secret that the request presents elsewhere than in its Authorization header; it counts as a bearer token. */
  tokenOf?(request: SourceRequest): string | undefined;
  /** The answer when every sink has the batch and no reply is wanted; 204 without a body if left out. */
  accepted?(request: SourceRequest): SourceAnswer;
  /** The answer if a request is refused; problem details (RFC 9457) if left out.
   * @param status that the problem has for this sender */
  refused?(request: SourceRequest, problem: Problem, status: number): SourceAnswer;
  /** The answer to an OPTIONS request by which a sender asks whether it may send; undefined if it does not ask that. */
  permission?(request: SourceRequest): SourceAnswer | undefined;
}

/** What is known of a request without its body. */
export interface SourceRequest {
  /** Names in lower case. */
  headers: Readonly<Record<string, string | string[] | undefined>>;
  query: Readonly<Record<string, unknown>>;
  /** The time, in milliseconds since 1970. */
  now: number;
}

export interface SourceAnswer {
  status: number;
  mediaType?: string;
  headers?: Readonly<Record<string, string>>;
  body?: Uint8Array | string;
}

/** The text of a header or of a parameter of the query; undefined if it occurs more than once, or not at all. */
export function textIn(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
