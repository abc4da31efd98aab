/** OTLP over HTTP: OpenTelemetry Collectors, Fluent Bit's opentelemetry output, and programs that log over OTLP.
 * @see https://opentelemetry.io/docs/specs/otlp/#otlphttp */
import type { Codec } from '../codecs/codec.ts';
import { codecNamed } from '../codecs/index.ts';
import { integer, lengthDelimited } from '../protobuf/write.ts';
import type { Source, SourceAnswer, SourceRequest } from './source.ts';

const JSON_TYPE = 'application/json';

const codecNames: Readonly<Record<string, string>> = {
  'application/x-protobuf': 'otlp',
  [JSON_TYPE]: 'otlp_json',
};

/** Its senders try again on 429, 502, 503 and 504, and drop what is refused with any other status. */
export const otlp: Source = {
  name: 'otlp',
  path: '/v1/logs',
  fluentTag: 'v1_logs',
  keepsRefused: true,
  // In Protobuf that is an export without ResourceLogs, which is answered like any that was accepted.
  takesEmpty: true,
  // Its senders read an answer only as an ExportLogsServiceResponse.
  reply: 'none',
  codecFor(mediaType): Codec | undefined {
    const type = essenceOf(mediaType);
    return Object.hasOwn(codecNames, type) ? codecNamed(codecNames[type]!) : undefined;
  },
  accepted: (request) => answer(request, 200, { json: '{}', protobuf: new Uint8Array() }),
  refused(request, { title, message, remedy }, status) {
    const text = `${title}: ${message.slice(0, LONGEST_DETAIL)}. ${remedy}`;
    const code = status < 500 ? INVALID_ARGUMENT : UNAVAILABLE;
    const protobuf = Buffer.concat([integer(1, code), lengthDelimited(2, Buffer.from(text))]);
    return answer(request, status, { json: JSON.stringify({ code, message: text }), protobuf });
  },
};

/** Characters of a detail, so that Fluent Bit can read the answer. */
const LONGEST_DETAIL = 500;

/** Codes of google.rpc.Status. */
const INVALID_ARGUMENT = 3;
const UNAVAILABLE = 14;

/** In the encoding of the request. */
function answer(
  { headers }: SourceRequest,
  status: number,
  { json, protobuf }: { json: string; protobuf: Uint8Array },
): SourceAnswer {
  return essenceOf(headers['content-type'] as string | undefined) === JSON_TYPE
    ? { status, mediaType: JSON_TYPE, body: json }
    : { status, mediaType: 'application/x-protobuf', body: protobuf };
}

/** A media type without its parameters. */
function essenceOf(mediaType: string | undefined): string {
  return (mediaType ?? '').split(';', 1)[0]!.trim().toLowerCase();
}
