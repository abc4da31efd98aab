/** A sink of log events and JSON, which gets records of OTLP as log events. */
import type { Sink } from '../../sink.ts';
import { asLogEvents } from './otlp.ts';

export function ofLogEvents(sink: Sink): Sink {
  return {
    name: sink.name,
    ...(sink.copies !== undefined && { copies: sink.copies }),
    ...(sink.commits && { commits: true }),
    ...(sink.refusal && { refusal: (bytes: number) => sink.refusal!(bytes) }),
    deliver: async (batch) => sink.deliver(asLogEvents(batch)),
    close: () => sink.close(),
  };
}
