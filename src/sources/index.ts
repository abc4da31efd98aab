/** The kinds of senders over HTTP. */
import { audit } from './audit.ts';
import { cloudevents } from './cloudevents.ts';
import { firehose } from './firehose.ts';
import { otlp } from './otlp.ts';
import { pubsub } from './pubsub.ts';
import { records } from './records.ts';
import type { Source } from './source.ts';

/** One for each path. */
export const sources: readonly Source[] = [records, otlp, audit, firehose, pubsub, cloudevents];

/** The source of a path; `records` if no other has it. */
export function sourceAt(path: string | undefined): Source {
  return sources.find((source) => source.path === path) ?? records;
}
