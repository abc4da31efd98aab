import { describe, expect, it } from 'vitest';
import { codecFor, codecs } from '../../src/codecs/index.ts';

describe('codecFor', () => {
  it.each([
    ['application/json', 'json'],
    ['Application/JSON; charset=utf-8', 'json'],
    ['application/cloudevents+json; charset=utf-8', 'json'],
    ['application/cloudevents-batch+json', 'json'],
    ['application/x-ndjson', 'json_lines'],
    ['application/jsonlines ;a=b', 'json_lines'],
    ['application/msgpack', 'msgpack'],
    ['application/x-msgpack', 'msgpack'],
    ['application/vnd.msgpack', 'msgpack'],
    ['application/x-protobuf', 'otlp'],
    ['text/plain', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('%j is %s', (mediaType, name) => {
    expect(codecFor(mediaType)?.name).toBe(name);
  });
});

describe('codecs', () => {
  it('share no name', () => {
    expect(new Set(codecs.map(({ name }) => name)).size).toBe(codecs.length);
  });
});
