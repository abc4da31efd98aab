/** The server span of a batch, from its first byte to its answer. */
import {
  type Attributes,
  type Context,
  context,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';

export interface ServerSpan {
  /** Runs what belongs to the batch with its span active. */
  run<T>(inside: () => T): T;
  annotate(attributes: Attributes): void;
  /** Notes why the batch is refused. The span may have ended already, if its sender has gone.
   * @param problem its code */
  fail(problem: string): void;
  /** @param isFault whether this side is at fault
   * @param attributes of the span, beside `error.type`
   * @returns the value of `error.type`, and how long the span was open in seconds */
  end(isFault: boolean, attributes: Attributes): { error: string | undefined; seconds: number };
}

export function openServerSpan(tracer: Tracer, name: string, attributes: Attributes, parent: Context): ServerSpan {
  const span = tracer.startSpan(name, { kind: SpanKind.SERVER, attributes }, parent);
  const inside = trace.setSpan(parent, span);
  const started = performance.now();
  let error: string | undefined;
  return {
    run: (run) => context.with(inside, run),
    annotate: (more) => span.setAttributes(more),
    fail(problem) {
      error = problem;
    },
    end(isFault, more) {
      span.setAttributes({ ...more, ...(error && { 'error.type': error }) });
      if (isFault) span.setStatus({ code: SpanStatusCode.ERROR });
      span.end();
      return { error, seconds: (performance.now() - started) / 1000 };
    },
  };
}
