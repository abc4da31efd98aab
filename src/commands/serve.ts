/** `tripline serve`: the sidecar, until it is told to stop. */
import { pino } from 'pino';
import { logLine, logOptions } from '../command-line/log-lines.ts';
import type { ProcessIo } from '../command-line/process-io.ts';
import { configSourceOf, serveOptions, serveSettings } from '../command-line/rule-options.ts';
import { numbered } from '../command-line/table.ts';
import { type Config, configIn, readConfiguration } from '../config/index.ts';
import type { Sidecar } from '../sidecar.ts';
import { defineCommand } from './command.ts';

export const serveCommand = defineCommand({
  name: 'serve',
  summary: 'receives records over HTTP, tags them and sends them on (runs without being named)',
  operands: '',
  count: { least: 0, most: 0 },
  about:
    'Listens for batches of records, as Fluent Bit sends them, until it gets SIGTERM or SIGINT; requests in flight are ' +
    'then finished, unless a second signal ends it at once. On SIGHUP it reads rules, lists, ' +
    'exceptions, credentials and certificates again. Its log goes to stderr: for people on a terminal, else one JSON object a line.',
  options: serveOptions,
  exitCodes: {
    '0': 'stopped, with every request finished',
    '1': 'stopped before every request was finished, or by a second signal',
    '2': 'a setting, a rule or the address cannot be used',
  },
  examples: [
    {
      purpose: 'for the other containers of a pod, with settings',
      line: 'tripline serve --listen 0.0.0.0:9870 --config tripline.yaml',
    },
    {
      purpose: 'the same: serve is what runs by default',
      line: 'tripline --listen 0.0.0.0:9870 --config tripline.yaml',
    },
  ],
  async run({ options }, io) {
    const { environment, stderr, stdout, stopped, onHangup } = io;
    const source = configSourceOf(options, io, serveSettings(options, environment));
    const settings = readConfiguration(source);
    const config = configIn(settings);
    const isText = (config.logFormat ?? (stderr.columns === undefined ? 'json' : 'text')) === 'text';
    const log = isText ? textLog(stderr) : undefined;
    const logger = pino(logOptions(config.logLevel), log ?? destination());
    // The server is much to load, and no other command needs it.
    const { serve } = await import('../sidecar.ts');
    let sidecar: Sidecar | undefined;
    // From here on: one that came before the files were read has nothing more to say.
    onHangup(() => sidecar?.reload());
    sidecar = await serve(config, {
      environment,
      logger,
      files: settings.files,
      read: () => readConfiguration(source),
    }).catch((error) => {
      log?.release(() => true);
      throw error;
    });
    const signal = stopped();
    await stdout.write(greeting(io.version, sidecar, config));
    // What came before at level info, the greeting says as well.
    log?.release((level) => level !== 'info');
    logger.info({ signal: await signal }, `Stopping: requests in flight have ${config.drainSeconds} s to finish`);
    const again = stopped();
    const drained = await Promise.race([sidecar.stop(), again]);
    if (typeof drained === 'string') {
      const { requests, isStateUnwritten } = sidecar.unfinished();
      logger.error(
        { signal: drained, requests, isStateUnwritten },
        `Ended at once by a second signal: ${numbered(requests, 'request')} had no answer, and senders send them again` +
          (isStateUnwritten ? '; what correlations remembered since the state was last written is lost' : ''),
      );
      return 1;
    }
    logger.info(drained ? 'Stopped' : 'Stopped before every request was finished');
    return drained ? 0 : 1;
  },
});

/** stdout is free for what is said to a person. With `sync`, no line is lost at an exit, and none is written again and again
 * at one because its reader has gone. */
function destination() {
  return pino.destination({ dest: 2, sync: true });
}

/** Writes the log as lines for people; those of the start wait, so that the greeting comes first. */
function textLog(screen: ProcessIo['stderr']) {
  const out = destination();
  let waiting: string[] | undefined = [];
  const write = (json: string) => out.write(logLine(json, screen));
  return {
    write(json: string) {
      if (waiting === undefined) write(json);
      else waiting.push(json);
    },
    /** Writes what waits, of the levels that are wanted, and lets nothing wait any more. */
    release(isWanted: (level: string) => boolean) {
      for (const json of waiting ?? []) if (isWanted(JSON.parse(json).level)) write(json);
      waiting = undefined;
    },
  };
}

function greeting(
  version: string,
  { url, forward, console }: Pick<Sidecar, 'url' | 'forward' | 'console'>,
  { auth, kafka, sinks }: Config,
): string {
  const reads = kafka === undefined ? '' : `, reads ${kafka.topics.join(', ')}`;
  const listens = `tripline ${version} listens on ${[url, ...forward].join(' and ')}${reads}`;
  // Where records go on to a sink it is no place to try things.
  if (sinks.length > 0) return `${listens} and sends to ${sinks.map(({ name }) => name).join(', ')}\n`;
  const event = {
    kind: 'Event',
    auditID: 'try-1',
    stage: 'ResponseComplete',
    verb: 'create',
    user: { username: 'ann' },
    objectRef: { resource: 'pods', namespace: 'default', name: 'web' },
    requestObject: { spec: { hostPID: true } },
    responseStatus: { code: 201 },
  };
  // curl asks for the password itself.
  const basic = auth?.basic && ` -u '${auth.basic[0]!.username}'`;
  const credentials = basic ?? (auth?.bearer ? " -H 'Authorization: Bearer TOKEN'" : '');
  return `${listens}

Send it a record, and see its tag:

  curl -s ${url}/v1/records${credentials} -H 'Content-Type: application/json' -d '${JSON.stringify(event)}'
${console === undefined ? '' : `\nSee in a browser what is found, and why: ${console}/\n`}
`;
}
