/** `tripline serve`: the sidecar, until it is asked to stop. */
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
  summary: 'receives records over HTTP, tags them and sends them on (the default command)',
  operands: '',
  count: { least: 0, most: 0 },
  about:
    'Listens for batches of records, as Fluent Bit sends them, until it receives SIGTERM or SIGINT. It then ' +
    'finishes the requests in flight, unless a second signal ends it immediately. On SIGHUP it reloads rules, ' +
    'lists, exceptions, credentials and certificates. It logs to stderr: as text on a terminal, otherwise as one ' +
    'JSON object per line.',
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
    // The server loads slowly, and no other command needs it.
    const { serve } = await import('../sidecar.ts');
    let sidecar: Sidecar | undefined;
    // A SIGHUP before `sidecar` is set is ignored, instead of ending the process: the files have just been read.
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
    // The greeting repeats what was logged before at level info.
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

/** stdout is left for messages to a person. With `sync`, no line is lost at exit, and none is retried endlessly at exit because
 * its reader is gone. */
function destination() {
  return pino.destination({ dest: 2, sync: true });
}

/** Writes the log as lines for people; those of the startup are held back, so that the greeting comes first. */
function textLog(screen: ProcessIo['stderr']) {
  const out = destination();
  let waiting: string[] | undefined = [];
  const write = (json: string) => out.write(logLine(json, screen));
  return {
    write(json: string) {
      if (waiting === undefined) write(json);
      else waiting.push(json);
    },
    /** Writes the held lines whose level is wanted, and stops holding lines back. */
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
  // A sidecar that sends records to a sink is not the place to try things out.
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
