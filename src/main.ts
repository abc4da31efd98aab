#!/usr/bin/env node
/** The door of the command line: the only reader of arguments, environment and signals. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { pino } from 'pino';
import { type Config, loadConfig } from './config.ts';
import { Problem } from './problem.ts';
import { serve } from './serve.ts';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));

const usage = `tripline ${version}: tags Kubernetes audit records with what Sigma rules detect in them

usage: tripline [--listen HOST:PORT] [--config FILE] [--rules PATH]...

  --listen HOST:PORT  where to serve HTTP (default 127.0.0.1:9870; environment: TRIPLINE_LISTEN)
  --config FILE       settings, in YAML (environment: TRIPLINE_CONFIG)
  --rules PATH        folder or file with Sigma rules, instead of those that come along; may be repeated
  --help, --version

example: tripline --listen 0.0.0.0:9870 --config /etc/tripline/tripline.yaml
`;

const bundledRules = fileURLToPath(new URL('../rules', import.meta.url));

async function main(): Promise<void> {
  const options = readArguments();
  if (options.help) return void process.stdout.write(usage);
  if (options.version) return void process.stdout.write(`${version}\n`);

  const config = readConfig(options);
  // Logs go to stderr, so that stdout is free for what is said to a person.
  const logger = pino(
    {
      level: config.logLevel,
      // Words and dates, for those who read a log without a tool at hand.
      formatters: { level: (level) => ({ level }) },
      timestamp: pino.stdTimeFunctions.isoTime,
    },
    pino.destination(2),
  );
  const sidecar = await serve(config, { environment: process.env, logger }).catch(exitForProblem);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, async () => {
      logger.info({ signal }, `Stopping: requests in flight have ${config.drainSeconds} s to finish`);
      const drained = await sidecar.stop();
      logger.info(drained ? 'Stopped' : 'Stopped before every request was finished');
      process.exit(drained ? 0 : 1);
    });
  }
  process.stdout.write(greeting(sidecar.url, config, sidecar.ruleCount));
}

function readArguments() {
  try {
    return parseArgs({
      options: {
        listen: { type: 'string', default: process.env.TRIPLINE_LISTEN },
        config: { type: 'string', default: process.env.TRIPLINE_CONFIG },
        rules: { type: 'string', multiple: true },
        help: { type: 'boolean', short: 'h', default: false },
        version: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    process.stderr.write(`tripline: ${(error as Error).message}\n\n${usage}`);
    process.exit(2);
  }
}

function readConfig({ listen, config: path, rules }: ReturnType<typeof readArguments>): Config {
  try {
    const overrides = { ...(listen && { listen }), ...(rules && { rules }) };
    return loadConfig({ path: path || undefined, overrides, environment: process.env, bundledRules });
  } catch (error) {
    return exitForProblem(error);
  }
}

/** What to do where the system refuses a call. */
const systemRemedies: Record<string, string> = {
  listen: 'Choose another address with --listen, or stop what uses this one.',
  getaddrinfo: 'Name an address of this machine with --listen.',
};

/** Says what is wrong with what the operator gave, without the stack of a defect. */
function exitForProblem(error: unknown): never {
  const { message, syscall } = error as NodeJS.ErrnoException;
  if (!(error instanceof Problem) && syscall === undefined) throw error;
  const remedy =
    error instanceof Problem
      ? error.remedy
      : (systemRemedies[syscall ?? ''] ?? 'Check that it is there, and that Tripline may use it.');
  process.stderr.write(`tripline: ${message}\n${remedy}\n`);
  process.exit(2);
}

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

await main();
