/** `tripline replay`: sends what could not be delivered, or was archived, through the pipeline again. */
import { describeError } from '../../command-line/cli-errors.ts';
import type { ProcessIo } from '../../command-line/process-io.ts';
import { progressOf } from '../../command-line/progress.ts';
import { readConfig, reportProblems, ruleOptions } from '../../command-line/rule-options.ts';
import { numbered } from '../../command-line/table.ts';
import { openContext } from '../../findings/context.ts';
import { Problem } from '../../problem.ts';
import { loadRules } from '../../rules/index.ts';
import { printable } from '../../sigma/rule-problem.ts';
import { defineCommand } from '../command.ts';
import type { Send, Sent } from './send.ts';
import type { Source } from './sources.ts';

const options = {
  tag: { kind: 'value', placeholder: 'TAG', doc: 'the Fluent tag of records that have none' },
  remove: {
    kind: 'flag',
    doc: 'remove dead letters that were delivered; otherwise they are moved to the folder delivered',
  },
  ...ruleOptions,
} as const;

export const replayCommand = defineCommand({
  name: 'replay',
  summary: 'sends dead letters and archived records through the pipeline to the sinks again',
  operands: 'PATH...',
  count: { least: 1, most: Number.POSITIVE_INFINITY },
  about:
    'Sends the contents of each PATH, a file or a folder, through the whole pipeline to the sinks of the ' +
    'configuration, as if they had just been received: the current rules apply, and existing tags are ' +
    'replaced. Findings keep the ids that they had the first time.\n\n' +
    'A dead letter is read according to its headers, which are in the .json file beside it and can be ' +
    'corrected there. Once every sink has it, it is moved to the folder delivered beside it, or removed; until ' +
    'then it stays where it is, whatever happens. Any other file is read as records in a layout that scan ' +
    'reads: an archive of JSON lines, plain or compressed, or an Avro container of tagged records, which has ' +
    'its own Fluent tags. From a file or the folder of a spool, it sends what was not sent yet. - means stdin.\n\n' +
    'Failures are reported with their file, and the next file is processed. If a sink cannot be reached after five ' +
    'attempts, the command ends. It may be interrupted and run again: whatever was not moved away is sent once ' +
    'more. Files of lines and Avro containers need a few megabytes of memory, however long they are.',
  options,
  exitCodes: {
    '0': 'everything was delivered',
    '1': 'something was not: it is named, and a dead letter is where it was',
    '2': 'a setting, a rule or a path cannot be used',
  },
  examples: [
    {
      purpose: 'what was refused, once the cause is fixed',
      line: 'tripline replay letters --config tripline.yaml',
    },
    {
      purpose: 'an archive, under the tag that it had',
      line: 'tripline replay archive --tag kube.audit --config tripline.yaml',
    },
  ],
  async run({ options, operands }, io) {
    const config = readConfig(options, io);
    if (config.sinks.length === 0) {
      throw new Problem('config.invalid', 'sinks: there is none to deliver to; name a configuration that has one');
    }
    const loaded = loadRules(config);
    await reportProblems(loaded, io);
    // Slow to load, and no other command needs it.
    const [{ eventReader, partsOf }, { sender }, { sourcesIn }, { openSink }] = await Promise.all([
      import('../../pipeline-dependencies.ts'),
      import('./send.ts'),
      import('./sources.ts'),
      import('../../sinks/index.ts'),
    ]);
    const logger = loggerOf(io);
    const ignore = () => {};
    const eventsOf = eventReader(config);
    const contextOf = openContext({ ruleset: () => loaded.ruleset });
    const heard = { onRetry: ignore, onDown: ignore, onSettled: ignore, onSpool: ignore };
    const dependencies = { logger, eventsOf, contextOf, environment: io.environment, ...heard };
    // This command waits for the sink and needs no spool, which the running Tripline uses anyway.
    const sinks = await Promise.all(
      config.sinks.map((sink) => openSink({ ...sink, required: true, spool: undefined }, dependencies)),
    );
    const replay = startReplay();
    try {
      const parts = partsOf(config, () => loaded.ruleset, sinks);
      const limits = { ...config.limits, maxRecords: Number.POSITIVE_INFINITY };
      const send = sender({ ...parts, limits });
      for (const path of operands) {
        for await (const source of sourcesIn(path, { config, stdin: io.stdin, remove: options.remove })) {
          await replay.take(source, (body) => send({ ...body, fluentTag: body.fluentTag ?? options.tag }), io);
          if (replay.isEnded()) return 1;
        }
      }
      return replay.isComplete() ? 0 : 1;
    } finally {
      await io.stderr.write(`${replay.totals()}\n`);
      await Promise.all(sinks.map((sink) => sink.close()));
    }
  },
});

/** Counts the results of sources that are processed one after another. */
function startReplay() {
  const counts = { sources: 0, whole: 0, records: 0 };
  let isEnded = false;

  /** Resolves with whether all of it was delivered. */
  async function takeAll(source: Source, send: Send, { stderr }: ProcessIo): Promise<boolean> {
    const name = printable(source.name);
    const progress = progressOf({ name, size: source.size, bytesRead: () => source.bytesRead?.() ?? 0 }, stderr);
    let records = 0;
    let isWhole = true;
    const tell = async (reason: string) => {
      isWhole = false;
      await progress.hide();
      const place = records === 0 ? '' : `after record ${records}: `;
      await stderr.write(`tripline: ${name}: ${place}${printable(reason)}\n`);
    };
    try {
      for await (const body of source.bodies()) {
        await progress.show(records);
        const sent: Sent = await send(body);
        if (sent.kind === 'delivered') {
          records += sent.records;
          counts.records += sent.records;
          continue;
        }
        await tell(sent.reason);
        isEnded = sent.kind === 'unavailable';
        if (isEnded) break;
      }
    } catch (error) {
      // The remedy of a problem with a body is for those who send it.
      await tell(error instanceof Problem ? error.message : describeError(error));
    } finally {
      await progress.hide();
    }
    return isWhole;
  }

  return {
    async take(source: Source, send: Send, io: ProcessIo): Promise<void> {
      counts.sources++;
      if (!(await takeAll(source, send, io))) return;
      await source.settle();
      counts.whole++;
    },
    /** Whether there is no point in continuing. */
    isEnded: () => isEnded,
    isComplete: () => counts.whole === counts.sources,
    totals(): string {
      const { sources, whole, records } = counts;
      const rest = isEnded ? '; the rest was not tried, as a sink cannot be reached' : '';
      return `${whole} of ${sources} letters and files delivered, ${numbered(records, 'record')}${rest}`;
    },
  };
}

/** Reports warnings and errors of sinks to a person. */
function loggerOf({ stderr }: ProcessIo) {
  const tell = (_: object, message: string) => void stderr.write(`tripline: ${printable(message)}\n`).catch(() => {});
  return { info: tell, warn: tell, error: tell };
}
