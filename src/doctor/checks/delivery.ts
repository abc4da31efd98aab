/** What outputs do when a response is late, is a refusal or is missing. */
import { quote } from '../../sigma/rule-problem.ts';
import { type Check, lineOf, type Report } from '../check.ts';
import type { Flow } from '../flow.ts';
import type { Plugin } from '../plugin.ts';

/** Outputs to the disk or the console of the same machine: a stop is the only failure that a retry could cure. */
const local = new Set(['file', 'stdout', 'null', 'exit', 'counter', 'flowcounter', 'plot', 'lib', 'test']);

/** The outputs that a chunk depends on, before Tripline and after it. */
function inFlow({ senders, receivers }: Flow): Plugin[] {
  return [...senders, ...receivers.filter(({ name }) => !local.has(name))];
}

export const deliveryChecks: Readonly<Record<string, Check>> = {
  'retry-limit': {
    effect: 'loses',
    doc: 'An output to Tripline, or one that receives tagged records, that gives up: by default after its second attempt.',
    run(flow, report) {
      for (const output of inFlow(flow)) {
        const limit = output.text('retry_limit', '1');
        if (limit === undefined || /^(no_limits|false|off)$/i.test(limit)) continue;
        const count = Number.parseInt(limit, 10);
        const attempts = /^no_retries$/i.test(limit) ? 1 : Math.max(1, Number.isNaN(count) ? 1 : count) + 1;
        const isWritten = output.property('retry_limit') !== undefined;
        const what = isWritten ? `retry_limit ${quote(limit)} means` : 'without retry_limit there are';
        const message = `${what} ${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}, and then the chunk is dropped`;
        report(output.place('retry_limit'), message, `write ${lineOf(flow, 'retry_limit', 'no_limits')}`);
      }
    },
  },
  'scheduler-cap': {
    effect: 'delays',
    doc: 'Without a low `scheduler.cap` the next attempt after an outage or a refusal is made up to 2,000 s later.',
    run(flow, report) {
      const { service, senders } = flow;
      const cap = service.seconds('scheduler.cap', 2000);
      if (senders.length === 0 || cap === undefined || cap <= 300) return;
      const message = `after an outage, or a refusal in a backlog, up to ${cap} s pass before the next attempt`;
      report(
        service.place('scheduler.cap'),
        message,
        `write ${lineOf(flow, 'scheduler.cap', '30')} in the service section`,
      );
    },
  },
  'total-limit': {
    effect: 'loses',
    doc: 'An output with `storage.total_limit_size`: beyond it the oldest chunks are dropped, however many retries are left.',
    run(flow, report) {
      for (const output of inFlow(flow)) {
        const limit = output.property('storage.total_limit_size');
        if (limit === undefined || limit.isUnknown || /^(off|false|no|0|)$/i.test(limit.value)) continue;
        const message = `chunks beyond ${quote(limit.value)} are dropped, the oldest first, while the receiver is away`;
        report(limit.place, message, 'drop the line, and watch the disk instead');
      }
    },
  },
  'keep-rejected': {
    effect: 'loses',
    doc: 'Without `storage.keep.rejected` and `storage.path`, a chunk that is refused permanently (a 4xx) is lost.',
    run(flow, report) {
      const { service, senders } = flow;
      const isKept = service.bool('storage.keep.rejected', false);
      const path = service.text('storage.path', '');
      if (senders.length === 0 || path === undefined || service.property('storage.keep.rejected')?.isUnknown) return;
      if (isKept !== true) {
        const message = 'a chunk that is refused permanently, because it cannot be read or is too large, is lost';
        report(
          service.place('storage.keep.rejected'),
          message,
          `write ${lineOf(flow, 'storage.keep.rejected', 'on')} in the service section`,
        );
      } else if (path === '') {
        const message = 'without storage.path no refused chunk is kept, and Fluent Bit does not report it';
        report(
          service.place('storage.keep.rejected'),
          message,
          `write ${lineOf(flow, 'storage.path', '/var/lib/fluent-bit/chunks')}`,
        );
      }
    },
  },
  'worker-connections': {
    effect: 'loses',
    doc: '`net.max_worker_connections`: chunks beyond it fail immediately, and each failure counts as an attempt.',
    run({ senders }, report) {
      for (const sender of senders) {
        const limit = sender.bytes('net.max_worker_connections', 0);
        if (limit === undefined || limit === 0) continue;
        const message = `with ${limit} in flight, further chunks fail immediately and use up their retries`;
        report(
          sender.place('net.max_worker_connections'),
          message,
          'drop the line: Tripline bounds its work by itself',
        );
      }
    },
  },
  'response-timeout': {
    effect: 'repeats',
    doc: 'An output that waits for less than `limits.maxWaitSeconds` of Tripline: in a backlog chunks are cut off and sent again.',
    run(flow, report) {
      const wait = flow.tripline.limits.maxWaitSeconds;
      const waits = [
        ['http.response_timeout', 60, ['http']],
        ['http.read_idle_timeout', 0, ['http']],
        ['net.io_timeout', 0, ['http', 'opentelemetry', 'forward']],
      ] as const;
      for (const sender of flow.senders) {
        for (const [key, otherwise, names] of waits) {
          if (!(names as readonly string[]).includes(sender.name)) continue;
          const seconds = sender.seconds(key, otherwise);
          if (seconds === undefined || seconds === 0 || seconds > wait) continue;
          const message = `chunks that Tripline would answer within ${wait} s are cut off after ${seconds} s, and sent again`;
          report(
            sender.place(key),
            message,
            `write ${lineOf(flow, key, `${Math.ceil(wait) + 10}s`)}, or lower limits.maxWaitSeconds`,
          );
        }
      }
    },
  },
  'file-folder': {
    effect: 'loses',
    doc: 'Two file outputs with threads of their own that create the same folder: the later one drops its chunk.',
    run(flow, report) {
      const making = flow.receivers.filter(
        (output) =>
          output.name === 'file' && output.bool('mkdir', false) === true && output.text('workers', '1') !== '0',
      );
      const byFolder = Map.groupBy(making, (output) => output.text('path', ''));
      for (const [folder, outputs] of byFolder) {
        if (folder === undefined || outputs.length < 2) continue;
        for (const output of outputs) {
          const message =
            'another output also creates this folder: if both do so at the same time, the later one drops its chunk';
          report(output.place('path'), message, `write ${lineOf(flow, 'workers', '0')} on both`);
        }
      }
    },
  },
  'response-log': {
    effect: 'ignored',
    doc: '`log_response_payload` on an output that gets replies without a body: it logs an empty line for each chunk.',
    run(flow, report) {
      for (const sender of flow.senders) {
        if (sender.name !== 'http' || sender.property('log_response_payload') === undefined) continue;
        if (sender.bool('log_response_payload', true) !== true) continue;
        const message = "Tripline's replies to Fluent Bit have no body that could be logged";
        report(sender.place('log_response_payload'), message, `write ${lineOf(flow, 'log_response_payload', 'off')}`);
      }
    },
  },
  'forward-ack': {
    effect: 'loses',
    doc: 'A forward output without `require_ack_response`: what is in flight when the connection breaks is lost.',
    run: onForward((output, flow, report) => {
      if (output.bool('require_ack_response', false) !== false) return;
      const message = 'a chunk counts as delivered when it is written, and is lost if the receiver does not get it';
      report(output.place('require_ack_response'), message, `write ${lineOf(flow, 'require_ack_response', 'on')}`);
    }),
  },
  'ack-timeout': {
    effect: 'stops',
    doc: 'A forward output with `require_ack_response` that waits without end: neither `net.io_timeout` nor `net.tcp_keepalive` is set to detect that the receiver has gone.',
    run: onForward((output, flow, report) => {
      if (output.bool('require_ack_response', false) !== true || output.seconds('net.io_timeout', 0) !== 0) return;
      if (output.bool('net.tcp_keepalive', false) !== false) return;
      const message =
        'if the machine of the receiver goes away, this output waits for its acknowledgements without end';
      const lines = [lineOf(flow, 'net.tcp_keepalive', 'on'), lineOf(flow, 'net.tcp_keepalive_time', '30')];
      report(output.place('net.io_timeout'), message, `write ${lines.join(' and ')}`);
    }),
  },
  'forward-tag': {
    effect: 'alters',
    doc: 'A forward output to Tripline with a `tag`: it replaces the tag of each record, and with a `$` each record is sent by itself.',
    run({ senders }, report) {
      for (const sender of senders) {
        const tag = sender.property('tag');
        if (sender.name !== 'forward' || tag === undefined || tag.value === '') continue;
        const message = tag.value.includes('$')
          ? 'each record is sent and acknowledged in a message of its own, under a different tag'
          : `${quote(tag.value)} replaces the tag of each record`;
        report(tag.place, message, 'drop the line');
      }
    },
  },
  'forward-time': {
    effect: 'alters',
    doc: 'A forward output with `time_as_integer`, or without `retain_metadata_in_forward_mode`: nanoseconds or metadata are left out.',
    run: onForward((output, _flow, report) => {
      if (output.bool('time_as_integer', false) === true) {
        report(output.place('time_as_integer'), 'times are cut to seconds, and metadata is left out', 'drop the line');
      }
      if (output.bool('retain_metadata_in_forward_mode', true) === false) {
        report(output.place('retain_metadata_in_forward_mode'), 'metadata is left out', 'drop the line');
      }
    }),
  },
};

function onForward(look: (output: Plugin, flow: Flow, report: Report) => void): Check['run'] {
  return (flow, report) => {
    for (const output of inFlow(flow)) if (output.name === 'forward') look(output, flow, report);
  };
}
