import { type Attributes, type Span, type SpanStatus, SpanStatusCode, trace } from '@opentelemetry/api';
import { beforeEach, expect, test } from 'vitest';
import { Problem } from '../../src/problem.ts';
import { startRequest, traced } from '../../src/telemetry/index.ts';
import { podEvent, testServer } from '../server/app.ts';
import { openSender, openStage, unavailable } from '../server/forward/sender.ts';
import { logEvent } from '../sinks/contract.ts';

interface Seen {
  name: string;
  attributes: Attributes;
  status: SpanStatus | undefined;
  /** Whether it was changed after its end, which the SDK warns about in the log. */
  isLate: boolean;
}

let spans: Seen[] = [];
beforeEach(() => {
  spans = [];
});

trace.setGlobalTracerProvider({
  getTracer: () =>
    ({
      startSpan: open,
      startActiveSpan: (name: string, run: (span: Span) => unknown) => run(open(name)),
    }) as never,
});

function open(name: string, { attributes = {} }: { attributes?: Attributes } = {}): Span {
  const seen: Seen = { name, attributes: { ...attributes }, status: undefined, isLate: false };
  spans.push(seen);
  let isEnded = false;
  const change = (run: () => void) => {
    seen.isLate ||= isEnded;
    run();
  };
  return {
    isRecording: () => true,
    spanContext: () => ({ traceId: '1'.repeat(32), spanId: '1'.repeat(16), traceFlags: 1 }),
    setAttribute: (key: string, value: string) => change(() => (seen.attributes[key] = value)),
    setAttributes: (more: Attributes) => change(() => Object.assign(seen.attributes, more)),
    setStatus: (status: SpanStatus) => change(() => (seen.status = status)),
    recordException: () => change(() => {}),
    end: () => (isEnded = true),
  } as unknown as Span;
}

const spanOf = (name: string) => spans.find((span) => span.name === name)!;

test.each([
  [new Problem('sink.unavailable', 'none'), 'sink.unavailable'],
  [Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }), 'ECONNREFUSED'],
  [new RangeError('too much'), 'RangeError'],
])('a step that failed has the type of its error: %s', async (error, type) => {
  await expect(traced('step', () => Promise.reject(error))).rejects.toBe(error);
  expect(spanOf('step')).toMatchObject({ attributes: { 'error.type': type }, status: { code: SpanStatusCode.ERROR } });
});

test.each([
  [200, undefined, undefined, undefined],
  [503, undefined, '503', SpanStatusCode.ERROR],
  [503, 'server.backlog', 'server.backlog', SpanStatusCode.ERROR],
  // By the semantic conventions, the fault of a client is not an error of the server.
  [400, 'body.unreadable', 'body.unreadable', undefined],
])('a request answered %i for %s has the error %s', (status, problem, type, code) => {
  const request = startRequest({ method: 'POST', protocol: 'http', headers: {} }, '/v1/records');
  if (problem !== undefined) request.fail(problem);
  request.end(status);
  const { attributes, status: told } = spanOf('POST /v1/records');
  expect(attributes['http.response.status_code']).toBe(status);
  expect(attributes['error.type']).toBe(type);
  expect(told?.code).toBe(code);
});

test('a refused body has the problem on its request and on the step that failed', async () => {
  const { app } = testServer();
  const post = (payload: string) =>
    app.inject({ method: 'POST', url: '/v1/records', headers: { 'content-type': 'application/json' }, payload });
  expect((await post('[{')).statusCode).toBe(400);
  const error = { attributes: { 'error.type': 'body.unreadable' } };
  expect(spanOf('POST /v1/records')).toMatchObject(error);
  expect(spanOf('decode')).toMatchObject(error);
  spans = [];
  expect((await post(JSON.stringify([podEvent()]))).statusCode).toBe(200);
  for (const { name, attributes, isLate } of spans) {
    expect(attributes, name).not.toHaveProperty('error.type');
    expect(isLate, name).toBe(false);
  }
  await app.close();
});

test('a message of the forward protocol has a span of its own, and the steps of the pipeline', async () => {
  const stage = await openStage();
  const sender = await openSender({ host: '127.0.0.1', port: stage.port });
  const message = Buffer.concat([
    Buffer.from('93a16b91', 'hex'),
    logEvent({ n: 1 }),
    Buffer.from('81a56368756e6ba131', 'hex'),
  ]);
  sender.write(message);
  await expect.poll(() => sender.acks()).toEqual(['1']);
  expect(spans.map(({ name }) => name)).toEqual(['forward', 'decode', 'detect', 'deliver']);
  const attributes = {
    'network.transport': 'tcp',
    'tripline.fluent.tag': 'k',
    'tripline.bytes': logEvent({ n: 1 }).length,
  };
  expect(spanOf('forward')).toMatchObject({ attributes, status: undefined, isLate: false });
  spans = [];
  stage.place.before = () => {
    throw unavailable();
  };
  sender.write(message);
  await sender.closed;
  const failed = { attributes: { 'error.type': 'sink.unavailable' }, status: { code: SpanStatusCode.ERROR } };
  expect(spanOf('forward')).toMatchObject(failed);
  await stage.close();
});
