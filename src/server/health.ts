/** What an orchestrator and Prometheus ask: /healthz, /readyz and /metrics. */
import type { FastifyInstance } from 'fastify';
import type { Ruleset } from '../detect.ts';
import { Problem } from '../problem.ts';
import type { Telemetry } from '../telemetry.ts';

export interface HealthParts {
  isDraining: () => boolean;
  ruleset: () => Ruleset;
  telemetry: Pick<Telemetry, 'prometheus'>;
}

export function healthRoutes(app: FastifyInstance, { isDraining, ruleset, telemetry }: HealthParts): void {
  const open = { config: { open: true } };

  // Alive: the process answers.
  app.get('/healthz', open, async () => ({ status: 'ok' }));

  // Ready: rules are compiled, which they are before the server listens, and it is not stopping.
  app.get('/readyz', open, async () => {
    if (isDraining()) throw new Problem('server.draining', 'stopping');
    const { hash, rules } = ruleset();
    return { status: 'ready', ruleset: hash, rules: rules.length };
  });

  app.get('/metrics', open, async (_request, reply) => {
    return reply.type('text/plain; version=0.0.4; charset=utf-8').send(await telemetry.prometheus());
  });
}
