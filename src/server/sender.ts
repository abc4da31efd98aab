/** Who sends: Fluent Bit needs answers of its own. */
import type { FastifyRequest } from 'fastify';

export type Sender = 'fluent-bit' | 'other';

export function senderOf({ headers }: FastifyRequest): Sender {
  return headers['user-agent']?.startsWith('Fluent-Bit') ? 'fluent-bit' : 'other';
}
