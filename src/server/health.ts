/** The endpoints for an orchestrator and Prometheus: /healthz, /readyz and /metrics. */
import type { FastifyInstance, FastifyReply } from 'fastify';
import { Problem } from '../problem.ts';
import type { Telemetry } from '../telemetry/index.ts';

/** The rules that are live, and whether their state is safe. */
export interface RulesStatus {
  /** Hash of the set. */
  ruleset: string;
  /** How many rules it has. */
  rules: number;
  correlations: number;
  /** What cannot be used as written, where it is (`file:line:column`), and what became of it; absent if there is nothing. */
  broken?: { rule: string; at: string; now: 'left out' | 'as before' | 'live' }[];
  /** Since when the files could not be loaded at all, and which are at fault; absent while they can be. */
  refused?: { since: Date; files: string[] };
  /** Since when the state cannot be written, and the error of the system; absent while it can. */
  stateUnwritten?: { since: Date; code: string };
  /** Since when the state server cannot be used, and why; absent while it can. */
  stateUnavailable?: { since: Date; code: string };
}

/** Why the spool of a sink accepts no batches, and since when. */
export interface SpoolFault {
  /** It has reached its limit, or the disk cannot be written. */
  kind: 'full' | 'failing';
  since: Date;
}

export interface HealthParts {
  isDraining: () => boolean;
  rules: () => RulesStatus;
  /** By sink; empty if all accept batches. */
  spools?: () => Readonly<Record<string, SpoolFault>>;
  telemetry: Pick<Telemetry, 'prometheus'>;
}

export function healthRoutes(app: FastifyInstance, { isDraining, rules, spools, telemetry }: HealthParts): void {
  const open = { config: { open: true } };
  // With a final line feed, for those who read it on a terminal.
  const json = (reply: FastifyReply, body: object) => {
    return reply.type('application/json; charset=utf-8').send(`${JSON.stringify(body)}\n`);
  };

  // Alive: the process answers.
  app.get('/healthz', open, async (_request, reply) => json(reply, { status: 'ok' }));

  // Ready: rules are compiled, which they are before the server listens, and it is not stopping. Broken files do not
  // change that: the rest works. Nor does a spool that accepts nothing: batches are refused until it does, and a restart
  // would not help. What is wrong with either, including text of the files, is in the log, not on an open page.
  app.get('/readyz', open, async (_request, reply) => {
    if (isDraining()) throw new Problem('server.draining', 'stopping');
    const refusing = spools?.() ?? {};
    return json(reply, {
      status: 'ready',
      ...rules(),
      ...(Object.keys(refusing).length > 0 && { spools: refusing }),
    });
  });

  app.get('/metrics', { config: { endpoint: 'metrics' } }, async (_request, reply) => {
    return reply.type('text/plain; version=0.0.4; charset=utf-8').send(await telemetry.prometheus());
  });
}
