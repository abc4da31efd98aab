import { MultipleErrors, NetworkError, ProtocolError, UserError } from '@platformatic/kafka';
import { describe, expect, test } from 'vitest';
import {
  connectionFaults,
  connectionTarget,
  isOfGroup,
  NotTakingPart,
  reasonOf,
} from '../../../src/sinks/kafka/connection.ts';

describe('why a client has failed', () => {
  test.each([
    [new NetworkError('connect ECONNREFUSED 127.0.0.1:1'), 'cannot be reached: connect ECONNREFUSED 127.0.0.1:1'],
    [
      new MultipleErrors('Sending failed.', [new ProtocolError('TOPIC_AUTHORIZATION_FAILED')]),
      'answers TOPIC_AUTHORIZATION_FAILED: it does not authorize this user for the topic; grant READ or WRITE and DESCRIBE on it',
    ],
    [new UserError('Unknown topic audit.'), 'has no topic audit: create it, or write another name'],
    [
      new MultipleErrors('x', [new UserError('y', { cause: new ProtocolError('MESSAGE_TOO_LARGE') })]),
      'answers MESSAGE_TOO_LARGE: it accepts no batch that large; set maxMessageBytes and maxRequestBytes to its max.message.bytes, or raise that',
    ],
    [
      new ProtocolError('INCONSISTENT_GROUP_PROTOCOL'),
      'answers INCONSISTENT_GROUP_PROTOCOL: a program that assigns partitions differently is in the consumer group; set group to a name that it does not use',
    ],
    [new NotTakingPart('others read b'), 'does not take part: others read b'],
    [new Error('no acknowledgement within 30 s'), 'cannot be reached: no acknowledgement within 30 s'],
    [new UserError('The client is closed.'), 'does not take part: The client is closed'],
    ['a text', 'cannot be reached: a text'],
  ])('%s', (error, reason) => {
    expect(reasonOf(error)).toBe(reason);
  });

  test.each([
    [new UserError('Unknown topic b.'), ['a', 'b'], 'lacks some of the topics a, b: create it, or write another name'],
    [
      new MultipleErrors('x', [new ProtocolError('UNKNOWN_TOPIC_OR_PARTITION')]),
      ['a'],
      'has no topic a: create it, or write another name',
    ],
  ])('does not name an existing topic as missing: %s of %j', (error, topics, reason) => {
    expect(reasonOf(error, topics)).toBe(reason);
  });

  test('is of the group if its partitions were redistributed', () => {
    expect(isOfGroup(new MultipleErrors('x', [new ProtocolError('ILLEGAL_GENERATION')]))).toBe(true);
    expect(isOfGroup(new ProtocolError('NOT_COORDINATOR'))).toBe(false);
    expect(isOfGroup(undefined)).toBe(false);
  });
});

describe('settings', () => {
  test('with invalid ports are refused', () => {
    expect(connectionFaults({ brokers: ['kafka:0', 'kafka:65536', '[::1]:9092'] })).toEqual([
      { setting: ['brokers', 0], message: 'brokers: kafka:0 has no port from 1 to 65535; write host:port' },
      { setting: ['brokers', 1], message: 'brokers: kafka:65536 has no port from 1 to 65535; write host:port' },
    ]);
  });

  test('are shown without the password', () => {
    const sasl = { mechanism: 'PLAIN', username: 'ann', password: 'secret' } as const;
    expect(connectionTarget({ brokers: ['a:1', 'b:2'], sasl })).toBe('a:1, b:2 with user ann');
  });
});
