/** The kinds of senders over HTTP. */
import { otlp } from './otlp.ts';
import { records } from './records.ts';
import type { Source } from './source.ts';

/** One for each path. */
export const sources: readonly Source[] = [records, otlp];
