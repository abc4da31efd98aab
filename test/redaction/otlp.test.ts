/** Records of OTLP are masked as the log events that they become. */
import { expect, test } from 'vitest';
import { otlp } from '../../src/codecs/otlp.ts';
import { redactor } from '../../src/redaction/index.ts';
import { asLogEvents } from '../../src/sinks/encode/log-event/otlp.ts';
import { batchOf } from '../batch/batch-of.ts';
import { anyValue, encodeOtlp, keyValues } from '../otlp/proto.ts';
import { ofSecrets, ofSecretsInTexts, ofTokens } from './acts.ts';
import type { Event } from './wrappers.ts';

const PLANTED = 'c1Y3Tmp9Xk27Qw';

const bodies: Record<string, (event: Event) => object> = {
  'a text': (event) => ({ body: anyValue(JSON.stringify(event)) }),
  values: (event) => ({ body: anyValue(event) }),
  bytes: (event) => ({ body: anyValue(Buffer.from(JSON.stringify(event))) }),
  attributes: (event) => ({ body: anyValue('x'), attributes: keyValues(event) }),
  'an attribute': (event) => ({ attributes: keyValues({ audit: event, text: JSON.stringify(event) }) }),
};

test.each(Object.keys(bodies))('events in %s are masked', (where) => {
  const redact = redactor({ secrets: true, tokens: true }, (error) => {
    throw error;
  });
  for (const [act, make] of Object.entries({ ...ofSecrets, ...ofSecretsInTexts, ...ofTokens })) {
    const requestFor = (value: string) => {
      const resource = { attributes: keyValues({ 'k8s.cluster.name': 'prod' }) };
      const logRecords = [bodies[where]!(make(value)), { body: anyValue('x') }];
      return encodeOtlp('ExportLogsServiceRequest', { resourceLogs: [{ resource, scopeLogs: [{ logRecords }] }] });
    };
    const batchFor = (value: string) =>
      asLogEvents(batchOf(otlp, requestFor(value), () => ({ v: 2, verdict: 'clear' })));
    const result = redact(batchFor(PLANTED));
    expect(Buffer.from(result.bytes).includes(PLANTED), act).toBe(false);
    expect(Buffer.from(result.bytes), act).toEqual(Buffer.from(batchFor('[redacted]').bytes));
    expect(result.tags[1]?.redacted, act).not.toBeUndefined();
  }
});
