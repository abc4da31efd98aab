/** POST /v1/records: a batch comes in, and its reply is its fate. */
import { finished } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { codecFor } from '../codecs/index.ts';
import type { Config, Reply } from '../config/index.ts';
import type { Batch } from '../pipeline.ts';
import { Problem } from '../problem.ts';
import { type RequestSpan, startRequest } from '../telemetry/index.ts';
import { type ByteShare, byteBudget } from './byte-budget.ts';
import { decompress } from './content-encoding.ts';
import { type Answer, avroMediaType, type Process, type Wanted } from './processor.ts';
import type { Remind } from './reminders.ts';
import { senderOf } from './sender.ts';
import { whole } from './thread-messages.ts';
import type { Turns } from './turns.ts';

export const recordsPath = '/v1/records';

/** Bytes that Fluent Bit takes of a reply, less room for its status line and headers. */
const fluentBitReplyBytes = 3500;
/** How long a sender may let a reply wait, whose records are counted as pending until it has read them. */
const replyMilliseconds = 60_000;

declare module 'fastify' {
  interface FastifyRequest {
    /** Undefined on other routes. */
    pending: Pending | undefined;
  }
  interface FastifyContextConfig {
    /** Asks for no credentials. */
    open?: boolean;
  }
}

/** What is known of a request until it is answered. */
interface Pending {
  span: RequestSpan;
  share: ByteShare;
  /** Aborts with a Problem when the sender has gone without its answer. */
  gone: AbortSignal;
  /** The body of the reply. */
  sent?: Uint8Array<ArrayBuffer>;
}

export interface RecordsParts {
  config: Config;
  process: Process;
  /** Whether there is a sink that takes the records. */
  hasSinks: boolean;
  turns: Turns;
  remind: Remind;
}

export function recordsRoute(app: FastifyInstance, { config, process, hasSinks, turns, remind }: RecordsParts): void {
  const openShare = byteBudget(config.limits.maxPendingBytes);

  app.decorateRequest('pending', undefined);
  app.route({
    method: ['POST', 'PUT'],
    url: recordsPath,
    async onRequest(request, reply) {
      const span = startRequest(request.method, recordsPath, request.headers);
      const share = openShare();
      const leaving = new AbortController();
      const pending: Pending = { span, share, gone: leaving.signal };
      request.pending = pending;
      // Called when the reply is written, or when the sender has gone before.
      finished(reply.raw, (error) => {
        if (error) {
          leaving.abort(abandoned);
          span.fail(abandoned.code);
        } else {
          // What is written counts as memory of this thread until it is collected, and would bring that about too often.
          pending.sent?.buffer.transfer(0);
        }
        share.release();
        span.end(error ? abandoned.statusFor('other') : reply.statusCode);
      });
      // A body without a length is counted at its limit until it is there; one that says to be longer is refused.
      const { maxBodyBytes } = config.limits;
      const length = Math.min(maxBodyBytes, Number(request.headers['content-length'] ?? maxBodyBytes));
      turns.expect(length);
      share.take(length);
    },
    handler(request, reply) {
      const pending = request.pending!;
      return pending.span.run(() => pending.share.keep(() => answer(request, reply, pending)));
    },
  });

  app.route({
    method: ['GET', 'HEAD', 'DELETE', 'OPTIONS', 'PATCH'],
    url: recordsPath,
    async handler(request, reply) {
      reply.header('allow', 'POST, PUT');
      throw new Problem('request.method', request.method);
    },
  });

  async function answer(request: FastifyRequest, reply: FastifyReply, pending: Pending): Promise<unknown> {
    const { span, share, gone } = pending;
    const wanted = wantedReply(request, config);
    const layout = request.headers.accept?.includes(avroMediaType) ? 'avro' : 'same';
    const body = request.body;
    if (!(body instanceof Uint8Array) || body.length === 0) throw new Problem('body.empty', 'Content-Length is 0');
    const mediaType = request.headers['content-type'];
    const codec = codecFor(mediaType);
    if (codec === undefined) throw new Problem('request.media_type', `Content-Type is ${mediaType ?? 'missing'}`);
    const fluentTag = tagIn(request.headers[config.tagHeader.toLowerCase()]);
    const bytes = await decompress(body, request.headers['content-encoding'], config.limits);
    // How much there is inside shows only now.
    if (bytes !== body) share.take(bytes.length);
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
    } = await processed(batch, { reply: wanted, layout }, gone).catch((error) => {
      // Processing takes the bytes away and gives them back on a failure, for them to be kept.
      if (bytes === body) request.body = batch.bytes;
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
    reply.raw.setTimeout(replyMilliseconds, () => reply.raw.destroy());
    if (answered === undefined) return reply.code(204).send();
    if (senderOf(request) === 'fluent-bit' && answered.body.length > fluentBitReplyBytes) {
      remind('long reply', () =>
        request.log.warn(
          { from: request.ip, bytes: answered.body.length },
          `Answered 204 instead of ${wanted}: Fluent Bit fails any reply of more than 4,095 bytes and would send the chunk again, then drop it. Remove ?reply= from its uri.`,
        ),
      );
      return reply.code(204).send();
    }
    pending.sent = whole(answered.body);
    return reply.type(answered.mediaType).send(pending.sent);
  }

  async function processed(batch: Batch, wanted: Wanted, gone: AbortSignal): Promise<Answer> {
    const processing = await turns.take(batch.bytes.length, gone, async (pause) => {
      const begun = process(batch, wanted, gone, pause);
      await begun.tagged;
      return begun;
    });
    const tagged = performance.now();
    const answer = await processing.answered;
    turns.measureRest((performance.now() - tagged) / 1000);
    return answer;
  }
}

/** What the sender wants back: by the query, else by configuration, else nothing for Fluent Bit and all for others. */
function wantedReply(request: FastifyRequest, config: Config): Reply {
  const { reply } = request.query as { reply?: unknown };
  if (reply === undefined) return config.reply ?? (senderOf(request) === 'fluent-bit' ? 'none' : 'records');
  if (!isReply(reply)) throw new Problem('request.reply', `?reply=${String(reply).slice(0, 40)}`);
  return reply;
}

const replies: readonly Reply[] = ['records', 'matches', 'summary', 'none'];

function isReply(value: unknown): value is Reply {
  return replies.includes(value as Reply);
}

/** The Fluent tag of a header, without control characters: it may be made of what a record holds, and goes into logs, spans
 * and other systems. */
function tagIn(value: string | string[] | undefined): string | undefined {
  const text = Array.isArray(value) ? value[0] : value;
  // Node reads headers as Latin-1, while Fluent Bit writes a tag in UTF-8.
  return text
    ? Buffer.from(text, 'latin1')
        .toString('utf8')
        .replaceAll(/\p{Cc}/gu, '_')
    : undefined;
}

const abandoned = new Problem('request.abandoned', 'the connection was closed before the answer');
