/** The routes of the sources: a batch comes in, and the reply reports its outcome. */
import { finished, Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Config, Reply } from '../config/index.ts';
import { free } from '../free.ts';
import { Problem } from '../problem.ts';
import type { Source, SourceAnswer, SourceRequest } from '../sources/source.ts';
import { type RequestSpan, startRequest } from '../telemetry/index.ts';
import type { ByteBudget, ByteShare, PeerWait } from './byte-budget.ts';
import { decompressor } from './content-encoding.ts';
import { tagIn } from './fluent-tag.ts';
import type { TakeBatch } from './intake.ts';
import { avroMediaType } from './processor.ts';
import { receive } from './receive.ts';
import type { Remind } from './reminders.ts';
import { isFluentBit } from './sender.ts';
import { whole } from './thread-messages.ts';
import type { Turns } from './turns.ts';

/** Bytes of a reply that Fluent Bit accepts, less space for its status line and headers. */
const fluentBitReplyBytes = 3500;
/** Bytes of a reply that are written at once: few enough to show whether the peer reads them. */
const pieceBytes = 64 * 1024;

declare module 'fastify' {
  interface FastifyRequest {
    /** Undefined on other routes. */
    pending: Pending | undefined;
  }
  interface FastifyContextConfig {
    /** Requires no credentials. */
    open?: boolean;
    /** The source whose requests come here. */
    source?: Source;
  }
}

/** What is known about a request until it is answered. */
interface Pending {
  span: RequestSpan;
  share: ByteShare;
  /** Aborts with a Problem when the sender has gone without its answer. */
  gone: AbortSignal;
  /** The body of the reply. */
  sent?: Uint8Array<ArrayBuffer>;
  reading?: PeerWait;
}

export interface IngestParts {
  config: Config;
  sources: readonly Source[];
  take: TakeBatch;
  /** Whether any sink accepts the records. */
  hasSinks: boolean;
  turns: Turns;
  budget: ByteBudget;
  remind: Remind;
}

export function ingestRoutes(app: FastifyInstance, parts: IngestParts): void {
  const { config, sources, take, hasSinks, turns, budget, remind } = parts;
  const { maxBodyBytes } = config.limits;
  const decompress = decompressor(config.limits);

  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', async (request: FastifyRequest, payload: Readable) => {
    // Other routes do not read the body.
    return request.pending && receive(payload, announced(request), maxBodyBytes, request.pending.share);
  });

  app.decorateRequest('pending', undefined);
  for (const source of sources) {
    app.route({
      method: ['POST', 'PUT'],
      url: source.path,
      config: { source },
      onRequest: begin,
      handler(request, reply) {
        const pending = request.pending!;
        return pending.span.run(() => pending.share.keep(() => answer(source, request, reply, pending)));
      },
    });
    app.route({
      method: ['GET', 'HEAD', 'DELETE', 'OPTIONS', 'PATCH'],
      url: source.path,
      config: { source },
      async handler(request, reply) {
        const permission = request.method === 'OPTIONS' && source.permission?.(sourceRequestOf(request));
        if (permission) return send(reply, permission);
        reply.header('allow', 'POST, PUT');
        throw new Problem('request.method', request.method);
      },
    });
  }

  async function begin(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const span = startRequest(request, request.routeOptions.url!);
    const share = budget.open();
    const leaving = new AbortController();
    const pending: Pending = { span, share, gone: leaving.signal };
    request.pending = pending;
    // Called once the reply is written, or when the sender disconnects before that.
    finished(reply.raw, (error) => {
      if (error) {
        leaving.abort(abandoned);
        span.fail(abandoned.code);
      }
      pending.reading?.end();
      free(pending.sent);
      // If the sender has gone, work on the body may still be under way.
      if (!error) free(request.body as Uint8Array<ArrayBuffer> | undefined);
      share.release();
      span.end(error ? abandoned.statusFor('other') : reply.statusCode);
    });
    turns.expect(Math.min(maxBodyBytes, announced(request) ?? maxBodyBytes));
  }

  async function answer(
    source: Source,
    request: FastifyRequest,
    reply: FastifyReply,
    pending: Pending,
  ): Promise<unknown> {
    const { span, share, gone } = pending;
    const wanted = wantedReply(source, request, config);
    const layout = request.headers.accept?.includes(avroMediaType) ? 'avro' : 'same';
    const body = request.body as Uint8Array<ArrayBuffer> | undefined;
    const accepted = () => send(reply, source.accepted?.(sourceRequestOf(request)) ?? { status: 204 });
    if (body === undefined || body.length === 0) {
      if (source.takesEmpty) return accepted();
      throw new Problem('body.empty', 'Content-Length is 0');
    }
    const mediaType = request.headers['content-type'];
    const codec = source.codecFor(mediaType);
    if (codec === undefined) throw new Problem('request.media_type', `Content-Type is ${mediaType ?? 'missing'}`);
    const fluentTag = tagIn(request.headers[config.tagHeader.toLowerCase()]) ?? source.fluentTag;
    const bytes = await decompress(body, request.headers['content-encoding'], share, gone);
    if (bytes.length === 0 && source.takesEmpty) return accepted();
    span.annotate({
      'http.request.body.size': body.length,
      'tripline.bytes': bytes.length,
      ...(fluentTag !== undefined && { 'tripline.fluent.tag': fluentTag.slice(0, 1000) }),
    });

    const batch = { fluentTag, codec, bytes, receivedUnixNano: BigInt(Date.now()) * 1_000_000n };
    const {
      records,
      reply: answered,
      defect,
    } = await take(batch, { reply: wanted, layout }, share, gone).catch((error) => {
      // Processing takes ownership of the bytes and returns them on a failure, so that they can be kept.
      if (bytes === body) request.body = batch.bytes;
      else free(batch.bytes);
      throw error;
    });

    if (defect !== undefined) {
      remind('defect', () =>
        request.log.error(
          { problem: defect.code, err: defect.cause, remedy: defect.remedy },
          `${defect.title}: ${defect.message}`,
        ),
      );
    }
    if (wanted === 'none' && !hasSinks) {
      remind('no sink', () =>
        request.log.warn(
          { from: request.ip, records },
          'Records were tagged and then dropped: no sink is configured and the reply is empty. ' +
            "Add a sink to the configuration (sinks: [{ type: forward, ... }]), or ask for the records (?reply=records) if the sender reads replies; Fluent Bit's HTTP output does not.",
        ),
      );
    }
    if (answered === undefined) return accepted();
    if (isFluentBit(request) && answered.body.length > fluentBitReplyBytes) {
      remind('long reply', () =>
        request.log.warn(
          { from: request.ip, bytes: answered.body.length },
          `Answered without ${wanted}: Fluent Bit fails any reply of more than 4,095 bytes and would send the chunk again, then drop it. Remove ?reply= from its uri.`,
        ),
      );
      return accepted();
    }
    const sent = whole(answered.body);
    pending.sent = sent;
    pending.reading = share.waitForPeer('replying', () => reply.raw.destroy());
    reply.header('content-length', sent.length).type(answered.mediaType);
    return reply.send(Readable.from(pieces(sent, pending.reading), { highWaterMark: 1 }));
  }
}

export function sourceRequestOf({ headers, query }: FastifyRequest): SourceRequest {
  return { headers, query: query as SourceRequest['query'], now: Date.now() };
}

/** Sends the answer of a source. */
export function send(reply: FastifyReply, { status, mediaType, headers = {}, body }: SourceAnswer): FastifyReply {
  reply.code(status).headers(headers);
  if (mediaType !== undefined) reply.type(mediaType);
  // Fastify adds a charset to the type of text, which not every sender accepts.
  return reply.send(typeof body === 'string' ? Buffer.from(body) : body);
}

/** Bytes of the body that the sender announces, if it does. */
function announced({ headers }: FastifyRequest): number | undefined {
  const length = headers['content-length'];
  return length === undefined ? undefined : Number(length);
}

/** A reply, piece by piece: the next is requested once the stream has space for it. */
function* pieces(bytes: Uint8Array, reading: PeerWait): Generator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += pieceBytes) {
    yield bytes.subarray(start, start + pieceBytes);
    reading.progress(pieceBytes);
  }
}

/** The reply that the sender gets: as the query says, else the source, else the configuration; else nothing for Fluent Bit and
 * all records for others. */
function wantedReply(source: Source, request: FastifyRequest, config: Config): Reply {
  const { reply } = request.query as { reply?: unknown };
  if (reply === undefined) return source.reply ?? config.reply ?? (isFluentBit(request) ? 'none' : 'records');
  if (!isReply(reply)) throw new Problem('request.reply', `?reply=${String(reply).slice(0, 40)}`);
  return reply;
}

const replies: readonly Reply[] = ['records', 'matches', 'summary', 'none'];

function isReply(value: unknown): value is Reply {
  return replies.includes(value as Reply);
}

const abandoned = new Problem('request.abandoned', 'the connection was closed before the answer');
