/** A sink whose records are partly masked. */
import { redactor } from '../../redaction/index.ts';
import { rateLimited } from '../retry/rate-limited.ts';
import type { Sink, SinkDependencies } from '../sink.ts';
import type { RedactSettings } from './settings.ts';

/** Masks what a sink gets. A record that cannot be traversed is masked as a whole, and this is logged. */
export function redact(sink: Sink, settings: RedactSettings, { logger }: Pick<SinkDependencies, 'logger'>): Sink {
  const { name } = sink;
  const tell = rateLimited(logger, 'error');
  const masked = redactor(settings, (err) => {
    tell({ sink: name, err }, `A record could not be redacted for sink ${name}, and is sent there masked as a whole`);
  });
  return {
    name,
    copies: (sink.copies ?? 1) + 1,
    ...(sink.commits && { commits: true }),
    ...(sink.refusal && { refusal: (bytes: number) => sink.refusal!(bytes) }),
    deliver: async (batch) => sink.deliver(masked(batch)),
    close: () => sink.close(),
  };
}
