/** `tripline serve`: the sidecar, until it is told to stop. */
import { pino } from 'pino';
import { readConfig, ruleOptions } from '../command-line/rule-options.ts';
import type { Config } from '../config/index.ts';
import { defineCommand } from './command.ts';

export const serveCommand = defineCommand({
  name: 'serve',
  summary: 'receives records over HTTP, tags them and sends them on (runs without being named)',
  operands: '',
  count: { least: 0, most: 0 },
  about:
    'Listens for batches of records, as Fluent Bit sends them, until it gets SIGTERM or SIGINT; requests in flight are ' +
    'then finished. Its log goes to stderr, one JSON object a line.',
  options: {
    listen: {
      kind: 'value',
      placeholder: 'HOST:PORT',
      doc: 'where to serve HTTP (default 127.0.0.1:9870; environment: TRIPLINE_LISTEN)',
    },
    ...ruleOptions,
  },
  exitCodes: {
    '0': 'stopped, with every request finished',
    '1': 'stopped before every request was finished',
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
    const { environment, stdout, stopped } = io;
    const listen = options.listen ?? environment.TRIPLINE_LISTEN;
    const config = readConfig(options, io, { ...(listen && { listen }) });
    const logger = pino(
      {
        level: config.logLevel,
        // Words and dates, for those who read a log without a tool at hand.
        formatters: { level: (level) => ({ level }) },
        timestamp: pino.stdTimeFunctions.isoTime,
      },
      // stdout is free for what is said to a person. With `sync`, no line is lost at an exit, and none is written again
      // and again at one because its reader has gone.
      pino.destination({ dest: 2, sync: true }),
    );
    // The server is much to load, and no other command needs it.
    const { serve } = await import('../serve.ts');
    const sidecar = await serve(config, { environment, logger });
    const signal = stopped();
    await stdout.write(greeting(sidecar.url, config, sidecar.ruleCount));
    logger.info({ signal: await signal }, `Stopping: requests in flight have ${config.drainSeconds} s to finish`);
    const drained = await sidecar.stop();
    logger.info(drained ? 'Stopped' : 'Stopped before every request was finished');
    return drained ? 0 : 1;
  },
});

function greeting(url: string, { auth, sinks }: Config, ruleCount: number): string {
  const listens = `tripline listens on ${url}, with ${ruleCount} rule${ruleCount === 1 ? '' : 's'} and`;
  // Where records go on to a sink it is no place to try things.
  if (sinks.length > 0) return `${listens} ${sinks.map(({ type }) => type).join(', ')} as sink.\n`;
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
  const basic = auth?.basic && ` -u '${auth.basic.username}'`;
  const credentials = basic ?? (auth?.bearer ? " -H 'Authorization: Bearer TOKEN'" : '');
  return `${listens} no sink: records go back in the reply only.
Send it a record, and see its tag:

  curl -s ${url}/v1/records${credentials} -H 'Content-Type: application/json' -d '${JSON.stringify(event)}'

`;
}
