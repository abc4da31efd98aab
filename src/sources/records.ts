/** Senders that post records as they are: Fluent Bit's HTTP output, Vector, curl. */
import { codecFor } from '../codecs/index.ts';
import type { Source } from './source.ts';

export const records: Source = { name: 'records', path: '/v1/records', codecFor };
