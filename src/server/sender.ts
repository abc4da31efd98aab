/** Kinds of senders: some need answers of their own. */
import type { FastifyRequest } from 'fastify';

/** Whether it is Fluent Bit, which accepts short replies only. */
export function isFluentBit({ headers }: FastifyRequest): boolean {
  return headers['user-agent']?.startsWith('Fluent-Bit') ?? false;
}

/** `keeper`: one that keeps what is refused with 503, to send it again, and loses what is refused with a 4xx. */
export type Sender = 'keeper' | 'other';

export function senderOf(request: FastifyRequest): Sender {
  return isFluentBit(request) || request.routeOptions.config?.source?.keepsRefused ? 'keeper' : 'other';
}
