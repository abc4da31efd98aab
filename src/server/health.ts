/** What an orchestrator and Prometheus ask: /healthz, /readyz and /metrics. */
import type { FastifyInstance, FastifyReply } from 'fastify';
import { Problem } from '../problem.ts';
import type { Telemetry } from '../telemetry/index.ts';

/** What decides now, and whether what it remembers is safe. */
export interface RulesStatus {
  /** Hash of the set. */
  ruleset: string;
  /** How many rules it has. */
  rules: number;
  correlations: number;
  /** What cannot be used as its file says it, where (`file:line:column`), and what became of it; absent while nothing is. */
  broken?: { rule: string; at: string; now: 'left out' | 'as before' | 'live' }[];
  /** Since when nothing of the files could be loaded, and which are at fault; absent while they can be. */
  refused?: { since: Date; files: string[] };
  /** Since when the state cannot be written, and by which error of the system; absent while it can. */
  stateUnwritten?: { since: Date; code: string };
  /** Since when the server of the state cannot be used, and why; absent while it can. */
  stateUnavailable?: { since: Date; code: string };
}

/** Why the spool of a sink takes no batches, and since when. */
export interface SpoolTrouble {
  /** By its bound, or because the disk cannot be written. */
  kind: 'full' | 'failing';
  since: Date;
}

export interface HealthParts {
  isDraining: () => boolean;
  rules: () => RulesStatus;
  /** By sink; none where all take batches. */
  spools?: () => Readonly<Record<string, SpoolTrouble>>;
  telemetry: Pick<Telemetry, 'prometheus'>;
}

export function healthRoutes(app: FastifyInstance, { isDraining, rules, spools, telemetry }: HealthParts): void {
  const open = { config: { open: true } };
  // With an end of the last line, for those who read it on a terminal.
  const json = (reply: FastifyReply, body: object) => {
    return reply.type('application/json; charset=utf-8').send(`${JSON.stringify(body)}\n`);
  };

  // Alive: the process answers.
  app.get('/healthz', open, async (_request, reply) => json(reply, { status: 'ok' }));

  // Ready: rules are compiled, which they are before the server listens, and it is not stopping. Broken files take nothing
  // from that: the rest works. Nor does a spool that takes nothing: batches are refused until it does, and a restart would
  // not help. What is wrong with either, the files' text with it, is in the log, not on an open page.
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
