/** What inputs buffer, and what they receive from Tripline. */
import { quote } from '../../sigma/rule-problem.ts';
import { type Check, lineOf } from '../check.ts';
import type { Flow } from '../flow.ts';
import type { Plugin } from '../plugin.ts';

/** Inputs that can read later what they cannot accept now. */
const waiting = new Set(['tail', 'kafka', 'systemd']);
const listening = new Set(['http', 'opentelemetry', 'forward', 'tcp', 'udp', 'syslog', 'splunk', 'elasticsearch']);
const FORWARD_BUFFER = 6_144_000;

function storageOf(input: Plugin, { service }: Flow): string | undefined {
  const inherited = service.bool('storage.inherit', false) === true ? service.text('storage.type', 'memory') : 'memory';
  return input.text('storage.type', inherited ?? '')?.toLowerCase() || undefined;
}

function inFlow({ sources, returns }: Flow): Plugin[] {
  return [...sources, ...returns];
}

export const inputChecks: Readonly<Record<string, Check>> = {
  'storage-type': {
    effect: 'loses',
    doc: 'An input whose chunks are only in memory: a crash or a stop loses what has not been delivered.',
    run(flow, report) {
      for (const input of inFlow(flow)) {
        const storage = storageOf(input, flow);
        if (storage === undefined || storage === 'filesystem') continue;
        const isReturn = flow.returns.includes(input);
        const what = isReturn
          ? 'what Tripline has delivered and this input has acknowledged'
          : 'what was read and not delivered';
        const more = storage === 'memrb' ? ', and while a receiver is away the oldest chunks are dropped' : '';
        const service = flow.service.property('storage.type');
        const inherit =
          service === undefined || input.property('storage.type') !== undefined
            ? ''
            : '; the storage.type of the service section does not apply here without storage.inherit';
        report(
          input.place('storage.type'),
          `${what} is lost in a stop or a crash${more}${inherit}`,
          `write ${lineOf(flow, 'storage.type', 'filesystem')}`,
        );
      }
    },
  },
  'storage-path': {
    effect: 'stops',
    doc: 'An input with `storage.type filesystem`, and no `storage.path` in the service section: Fluent Bit does not start.',
    run(flow, report) {
      if (flow.service.text('storage.path', '') !== '') return;
      for (const input of flow.inputs) {
        if (storageOf(input, flow) !== 'filesystem') continue;
        const message = 'Fluent Bit does not start: no setting says where chunks are kept';
        report(
          input.place('storage.type'),
          message,
          `write ${lineOf(flow, 'storage.path', '/var/lib/fluent-bit/chunks')} in the service section`,
        );
        return;
      }
    },
  },
  'mem-buf-limit': {
    effect: 'loses',
    doc: 'A `mem_buf_limit` on an input whose senders cannot wait: beyond it connections are reset, and batches arrive in part.',
    run(flow, report) {
      for (const input of inFlow(flow)) {
        const limit = input.property('mem_buf_limit');
        if (limit === undefined || !listening.has(input.name) || storageOf(input, flow) === 'filesystem') continue;
        if (input.bytes('mem_buf_limit', 0) === 0) continue;
        const message = `beyond ${quote(limit.value)} the input pauses: connections are reset, and a batch may have arrived only in part`;
        report(limit.place, message, `write ${lineOf(flow, 'storage.type', 'filesystem')} instead`);
      }
    },
  },
  'pause-on-overlimit': {
    effect: 'loses',
    doc: '`storage.pause_on_chunks_overlimit` or `rate_gate` on an input whose senders cannot wait, or that receives tagged records.',
    run(flow, report) {
      for (const input of inFlow(flow)) {
        for (const key of ['storage.pause_on_chunks_overlimit', 'rate_gate']) {
          if (waiting.has(input.name) || input.bool(key, false) !== true) continue;
          const message = flow.returns.includes(input)
            ? 'while it is paused Tripline can return nothing, and refuses its senders'
            : 'while it is paused connections are reset, and what senders do not retry is lost';
          report(input.place(key), message, 'drop the line');
        }
      }
    },
  },
  routable: {
    effect: 'loses',
    doc: 'An input with `routable` off: what it receives goes nowhere.',
    run(flow, report) {
      for (const input of inFlow(flow)) {
        if (input.bool('routable', true) !== false) continue;
        report(input.place('routable'), 'what this input receives is discarded', 'drop the line');
      }
    },
  },
  'irrecoverable-chunks': {
    effect: 'loses',
    doc: '`storage.delete_irrecoverable_chunks`: a chunk that cannot be read at startup is deleted.',
    run({ service }, report) {
      if (service.bool('storage.delete_irrecoverable_chunks', false) !== true) return;
      const place = service.place('storage.delete_irrecoverable_chunks');
      report(place, 'a chunk that cannot be read at startup, as after a crash, is deleted entirely', 'drop the line');
    },
  },
  'input-workers': {
    effect: 'loses',
    doc: 'An http, opentelemetry or forward input with more than one worker: it acknowledges records before it has stored them.',
    run(flow, report) {
      // Measured with a forward input, its chunks on disk, killed while it received 120,000 records with acknowledgements:
      // with 4 workers, 6,223 acknowledged records were lost; with one worker, none.
      for (const input of inFlow(flow)) {
        if (!['http', 'opentelemetry', 'forward'].includes(input.name)) continue;
        const keys = input.name === 'forward' ? ['workers'] : ['http_server.workers', 'workers'];
        for (const key of keys) {
          const count = input.bytes(key, 1);
          if (count === undefined || count < 2) continue;
          const message = `with ${count} workers it answers before the records are in a chunk: some acknowledged records are lost`;
          report(input.place(key), message, `write ${lineOf(flow, key, '1')}`);
        }
      }
    },
  },
  'otlp-input': {
    effect: 'alters',
    doc: 'An opentelemetry input: it cuts integers in protobuf to 32 bits, and does not keep tags.',
    run(flow, report) {
      for (const input of inFlow(flow)) {
        if (input.name !== 'opentelemetry') continue;
        const message =
          'it cuts integers in protobuf to 32 bits, so that 3000000000 becomes -1294967296, and tags are lost';
        report(
          input.section.place,
          message,
          'receive records by a forward input, or send them to Tripline without Fluent Bit',
        );
      }
    },
  },
  'http-return': {
    effect: 'alters',
    doc: 'An http input for tagged records: it gives them the time of their arrival, and alters their tags.',
    run({ returns }, report) {
      for (const input of returns) {
        if (input.name !== 'http') continue;
        const message =
          'records get the time of their arrival, their tags are altered, and part of a batch may be lost';
        report(
          input.section.place,
          message,
          'receive them by a forward input, and use a sink of type forward in Tripline',
        );
      }
    },
  },
  'kafka-commit': {
    effect: 'loses',
    doc: 'A kafka input with `enable_auto_commit`: it commits messages that are in no chunk yet.',
    run({ sources }, report) {
      for (const input of sources) {
        if (input.name !== 'kafka' || input.bool('enable_auto_commit', false) !== true) continue;
        report(
          input.place('enable_auto_commit'),
          'messages are committed before they are in a chunk: a crash loses them',
          'drop the line',
        );
      }
    },
  },
  'return-tag': {
    effect: 'alters',
    doc: 'A forward input for tagged records with a `tag`: it replaces the tag of each record.',
    run({ returns }, report) {
      for (const input of returns) {
        const tag = input.property('tag');
        if (input.name !== 'forward' || tag === undefined) continue;
        report(tag.place, `${quote(tag.value)} replaces the tag of each record`, 'drop the line');
      }
    },
  },
  'return-buffer': {
    effect: 'stops',
    doc: 'A forward input for tagged records that accepts less than the longest line, or than a message of Tripline.',
    run(flow, report) {
      const lines = flow.sources.flatMap((source) =>
        source.name === 'tail' ? [source.bytes('buffer_max_size', 32_768) ?? 0] : [],
      );
      const longest = Math.max(0, ...lines);
      for (const input of flow.returns) {
        const size = input.name === 'forward' ? input.bytes('buffer_max_size', FORWARD_BUFFER) : undefined;
        if (size === undefined || size > longest) continue;
        const message = `a tagged event of more than ${size} bytes is refused, and its batch is retried without end`;
        const wanted = `${Math.ceil((longest * 2) / 1e6)}M`;
        report(
          input.place('buffer_max_size'),
          message,
          `write ${lineOf(flow, 'buffer_max_size', wanted)}, as lines may have ${longest} bytes`,
        );
      }
    },
  },
  'open-return': {
    effect: 'exposes',
    doc: 'A forward input for tagged records that anyone can reach, without a `shared_key`: by default it listens on all addresses.',
    run(flow, report) {
      for (const input of flow.returns) {
        const listen = input.text('listen', '0.0.0.0');
        if (input.name !== 'forward' || input.property('unix_path') !== undefined || listen === undefined) continue;
        if (/^(127\.|::1$|localhost$)/.test(listen) || input.property('shared_key') !== undefined) continue;
        if (input.bool('tls.verify_client_cert', false) === true) continue;
        const message = `anyone who can reach ${listen} can send records that look as if Tripline had tagged them`;
        report(input.place('listen'), message, `write ${lineOf(flow, 'listen', '127.0.0.1')}, or a shared_key`);
      }
    },
  },
};
