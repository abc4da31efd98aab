/** Whether the settings of Fluent Bit and Tripline are compatible. */
import { quote } from '../../sigma/rule-problem.ts';
import { type Check, lineOf } from '../check.ts';
import { type Flow, portOf, sinksInto, triplinePort } from '../flow.ts';
import type { Plugin } from '../plugin.ts';

/** Bytes at which a chunk is full; one more append may exceed it. */
const CHUNK = 2_048_000;
const FORWARD_BUFFER = 6_144_000;

export const bothChecks: Readonly<Record<string, Check>> = {
  port: {
    effect: 'stops',
    doc: 'An output to Tripline on this machine, at another port than Tripline listens on (with `--config`).',
    run: whereGiven((flow, report) => {
      for (const sender of flow.senders) {
        const port = portOf(sender, 80);
        const isHere = /^(127\.|localhost$|::1$)/.test(sender.text('host', '127.0.0.1') ?? '');
        if (sender.name === 'forward' || !isHere || Number.isNaN(port) || port === triplinePort(flow.tripline))
          continue;
        const message = `Tripline listens on ${flow.tripline.listen}, and nothing of this output arrives there`;
        report(sender.place('port'), message, `write ${lineOf(flow, 'port', String(triplinePort(flow.tripline)))}`);
      }
    }),
  },
  sink: {
    effect: 'loses',
    doc: 'A Tripline without a sink, or without one that is `required` (with `--config`).',
    run: whereGiven(({ senders, tripline }, report) => {
      const [sender] = senders;
      if (sender === undefined || tripline.sinks.some(({ required }) => required)) return;
      const message =
        tripline.sinks.length === 0
          ? 'Tripline has no sinks: records are evaluated and acknowledged, and go nowhere'
          : 'no sink of Tripline is required: what sinks do not accept is acknowledged to this output and lost';
      report(
        sender.section.place,
        message,
        'give Tripline a sink, such as { type: forward, host: 127.0.0.1 }, without required: false',
      );
    }),
  },
  tls: {
    effect: 'stops',
    doc: 'TLS on only one side of a connection with Tripline (with `--config`).',
    run: whereGiven((flow, report) => {
      const { tripline } = flow;
      for (const sender of flow.senders) {
        compare(
          sender,
          'tls',
          sender.bool('tls', false),
          (sender.name === 'forward' ? tripline.forward : tripline)?.tls !== undefined,
          flow,
          report,
        );
      }
      for (const input of flow.returns) {
        for (const { tls } of sinksInto(input, tripline))
          compare(input, 'tls', input.bool('tls', false), tls !== undefined, flow, report);
      }
    }),
  },
  credentials: {
    effect: 'stops',
    doc: 'An output without credentials to a Tripline that asks for them (with `--config`).',
    run: whereGiven((flow, report) => {
      const { auth } = flow.tripline;
      if (auth === undefined) return;
      for (const sender of flow.senders) {
        if (sender.name === 'forward') continue;
        const has =
          sender.property('http_user') !== undefined ||
          sender.bool('oauth2.enable', false) !== false ||
          sender.all('header').some(({ value }) => /^authorization\s/i.test(value)) ||
          (auth.certificates !== undefined && sender.property('tls.crt_file') !== undefined);
        if (has) continue;
        const message = 'Tripline asks for credentials, and refuses each chunk of this output';
        report(
          sender.section.place,
          message,
          `write ${lineOf(flow, 'http_user', 'NAME')} and ${lineOf(flow, 'http_passwd', `\${PASSWORD}`)}`,
        );
      }
    }),
  },
  'shared-key': {
    effect: 'stops',
    doc: 'A `shared_key` of a forward input or output, or a `sharedKey` of Tripline, without the other (with `--config`).',
    run: whereGiven((flow, report) => {
      for (const sender of flow.senders) {
        const wanted = flow.tripline.forward?.sharedKey;
        const key = sender.property('shared_key');
        if (sender.name !== 'forward' || key?.isUnknown || (wanted ?? '') === (key?.value ?? '')) continue;
        const message = 'it does not have the sharedKey of the forward input of Tripline, so the two cannot connect';
        report(sender.place('shared_key'), message, 'set the same key on both, or on neither');
      }
      for (const input of flow.returns) {
        const key = input.property('shared_key');
        const isAsked = key !== undefined || input.bool('empty_shared_key', false) === true;
        for (const sink of sinksInto(input, flow.tripline)) {
          const isGiven = sink.sharedKey !== undefined;
          if (isAsked && !isGiven) {
            const message = `the sink ${quote(sink.name)} of Tripline has no sharedKey and is refused`;
            report(input.place('shared_key'), message, `write sharedKey: \${SHARED_KEY} in Tripline's settings`);
          } else if (!isAsked && isGiven) {
            const message = `the sink ${quote(sink.name)} of Tripline has a sharedKey, and waits for a greeting that does not come`;
            report(input.section.place, message, `write ${lineOf(flow, 'shared_key', `\${SHARED_KEY}`)}`);
          } else if (isGiven && key !== undefined && !key.isUnknown && key.value !== sink.sharedKey) {
            report(
              key.place,
              `it is not the sharedKey of the sink ${quote(sink.name)} of Tripline, which is refused`,
              'set the same key on both',
            );
          }
          if (input.property('security.users') !== undefined && sink.username === undefined) {
            report(
              input.place('security.users'),
              `the sink ${quote(sink.name)} of Tripline names no user, and is refused`,
              'give it username and password',
            );
          }
        }
      }
    }),
  },
  'frame-size': {
    effect: 'stops',
    doc: 'A `maxFrameBytes` of a sink above the `buffer_max_size` of the forward input (with `--config`).',
    run: whereGiven((flow, report) => {
      for (const input of flow.returns) {
        const size = input.bytes('buffer_max_size', FORWARD_BUFFER);
        for (const { name, maxFrameBytes } of sinksInto(input, flow.tripline)) {
          if (size === undefined || maxFrameBytes <= size) continue;
          const message = `the sink ${quote(name)} of Tripline sends messages of up to ${maxFrameBytes} bytes, and this closes the connection on more than ${size}`;
          report(
            input.place('buffer_max_size'),
            message,
            `write ${lineOf(flow, 'buffer_max_size', `${Math.ceil((maxFrameBytes * 2) / 1e6)}M`)}`,
          );
        }
      }
    }),
  },
  'ack-order': {
    effect: 'repeats',
    doc: 'An `ackTimeoutSeconds` of a sink that is not below the `http.response_timeout` of the output (with `--config`).',
    run: whereGiven((flow, report) => {
      for (const sender of flow.senders) {
        const wait = sender.name === 'http' ? sender.seconds('http.response_timeout', 60) : undefined;
        for (const sink of flow.tripline.sinks) {
          if (sink.type !== 'forward' || sink.spool !== undefined || wait === undefined || wait === 0) continue;
          if (sink.ackTimeoutSeconds < wait) continue;
          const message = `the sink ${quote(sink.name)} of Tripline may take ${sink.ackTimeoutSeconds} s, and this output waits for ${wait} s`;
          report(
            sender.place('http.response_timeout'),
            message,
            `write ${lineOf(flow, 'http.response_timeout', `${Math.ceil(sink.ackTimeoutSeconds) + 10}s`)}`,
          );
        }
      }
    }),
  },
  'body-limit': {
    effect: 'loses',
    doc: 'Limits of Tripline below the possible size of a Fluent Bit chunk: it is refused and dropped permanently (with `--config`).',
    run: whereGiven((flow, report) => {
      const { maxBodyBytes, maxDecompressedBytes } = flow.tripline.limits;
      const longest = Math.max(
        0,
        ...flow.sources.map((source) => (source.name === 'tail' ? (source.bytes('buffer_max_size', 32_768) ?? 0) : 0)),
      );
      for (const sender of flow.senders) {
        if (sender.name === 'forward') continue;
        // JSON takes up to six bytes for an escaped character; for text typical of audit logs, a factor of two is ample.
        const factor = sender.name === 'http' && /^json/i.test(sender.text('format', 'json') ?? '') ? 2 : 1;
        const needed = (CHUNK + longest) * factor;
        const isCompressed = sender.property('compress') !== undefined;
        for (const [name, limit] of [
          ['maxBodyBytes', isCompressed ? Number.POSITIVE_INFINITY : maxBodyBytes],
          ['maxDecompressedBytes', isCompressed ? maxDecompressedBytes : Number.POSITIVE_INFINITY],
        ] as const) {
          if (limit >= needed) continue;
          const message = `a chunk may have ${needed} bytes, and Tripline refuses more than limits.${name} (${limit}): it is dropped permanently`;
          report(sender.section.place, message, `raise limits.${name} to ${needed}`);
        }
      }
    }),
  },
  'tls-verify': {
    effect: 'exposes',
    doc: 'TLS with `tls.verify` off, to Tripline: anyone in between can read the audit log and answer in place of Tripline.',
    run(flow, report) {
      for (const sender of flow.senders) {
        if (sender.bool('tls', false) !== true || sender.bool('tls.verify', true) !== false) continue;
        const message = 'anyone in between can read the records and acknowledge them in place of Tripline';
        report(sender.place('tls.verify'), message, `write ${lineOf(flow, 'tls.verify', 'on')} and tls.ca_file`);
      }
    },
  },
};

function compare(
  plugin: Plugin,
  key: string,
  here: boolean | undefined,
  there: boolean | undefined,
  flow: Flow,
  report: Parameters<Check['run']>[1],
): void {
  if (here === undefined || there === undefined || here === there) return;
  const message = here ? 'Tripline does not speak TLS on this connection' : 'Tripline speaks TLS on this connection';
  report(
    plugin.place(key),
    message,
    `write ${lineOf(flow, key, there ? 'on' : 'off')}, or change the settings of Tripline`,
  );
}

function whereGiven(look: Check['run']): Check['run'] {
  return (flow, report) => {
    if (flow.isTriplineGiven) look(flow, report);
  };
}
