/** `tripline replay`: what could not be delivered once, or was archived, goes through again. */
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
  tag: { kind: 'value', placeholder: 'TAG', doc: 'the Fluent tag of what has none' },
  remove: {
    kind: 'flag',
    doc: 'removes dead letters that were delivered; else they are moved to the folder delivered',
  },
  ...ruleOptions,
} as const;

export const replayCommand = defineCommand({
  name: 'replay',
  summary: 'puts dead letters and archives of records through again, to the sinks',
  operands: 'PATH...',
  count: { least: 1, most: Number.POSITIVE_INFINITY },
  about:
    'Takes what lies at each PATH, a file or a folder, through the whole pipeline as if it had just been sent: to the ' +
    'sinks of the configuration, by the rules as they are now; tags that are there are replaced. Findings have the ids ' +
    'that they had the first time.\n\n' +
    'A dead letter is read as its headers say, which stand in the .json beside it and can be mended there. Once every ' +
    'sink has it, it is moved to the folder delivered beside it, or removed; until then it stays where it is, whatever ' +
    'happens. Any other file is records in a layout that scan reads: an archive of JSON lines, plain or compressed, or ' +
    'an Avro container of tagged records, which has Fluent tags of its own; or a file or the folder of a spool, of which ' +
    'it takes what was not sent. - stands for stdin.\n\n' +
    'What fails is named, and the next is taken. Where a sink cannot be reached after five attempts, it ends. It may be ' +
    'interrupted, and run again: what was not moved away is sent once more. Files of lines, and Avro containers, need ' +
    'memory for some megabytes, however long.',
  options,
  exitCodes: {
    '0': 'everything was delivered',
    '1': 'something was not: it is named, and a letter is where it was',
    '2': 'a setting, a rule or a path cannot be used',
  },
  examples: [
    {
      purpose: 'what was refused, once its cause is mended',
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
    // Much to load, which no other command needs.
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
    // What waits for the sink itself needs no spool, which the running Tripline has anyway.
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

/** Counts what becomes of sources that are taken one after another. */
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
      const place = records === 0 ? '' : `behind record ${records}: `;
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
      // What a problem of a body advises is for those who send it.
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
    /** Whether it is of no use to go on. */
    isEnded: () => isEnded,
    isComplete: () => counts.whole === counts.sources,
    totals(): string {
      const { sources, whole, records } = counts;
      const rest = isEnded ? '; the rest was not tried, as a sink cannot be reached' : '';
      return `${whole} of ${sources} letters and files delivered, ${numbered(records, 'record')}${rest}`;
    },
  };
}

/** Lets a person know what sinks complain of. */
function loggerOf({ stderr }: ProcessIo) {
  const tell = (_: object, message: string) => void stderr.write(`tripline: ${printable(message)}\n`).catch(() => {});
  return { info: tell, warn: tell, error: tell };
}
