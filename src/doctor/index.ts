/** Checks a Fluent Bit configuration that runs beside Tripline for settings that lose, loop or alter records. */
import type { Config } from '../config/index.ts';
import type { FluentBitConfig, Place } from '../fluent-bit-config/index.ts';
import { excerptOf, type RuleProblem } from '../sigma/rule-problem.ts';
import type { Check, Effect } from './check.ts';
import { bothChecks } from './checks/both.ts';
import { deliveryChecks } from './checks/delivery.ts';
import { filterChecks } from './checks/filter.ts';
import { formatChecks } from './checks/format.ts';
import { inputChecks } from './checks/input.ts';
import { routeChecks } from './checks/route.ts';
import { settingsChecks } from './checks/settings.ts';
import { tailChecks } from './checks/tail.ts';
import { flowOf } from './flow.ts';

export { effects } from './check.ts';

/** All checks, by name. */
export const checks: Readonly<Record<string, Check>> = {
  ...routeChecks,
  ...deliveryChecks,
  ...formatChecks,
  ...filterChecks,
  ...tailChecks,
  ...inputChecks,
  ...settingsChecks,
  ...bothChecks,
};

/** A finding of a check; `message` says what is lost or altered, and when, and `hint` what to write. */
export type DoctorFinding = RuleProblem & { check: string; effect: Effect };

const MAX_FOUND = 500;

/** Findings of all checks, in the order of files and lines.
 * @param tripline settings of Tripline, or the defaults
 * @param isTriplineGiven whether they are those of the Tripline that runs beside it */
export function examine(config: FluentBitConfig, tripline: Config, isTriplineGiven: boolean): DoctorFinding[] {
  const flow = flowOf(config, tripline, isTriplineGiven);
  const order = new Map([...config.files.keys()].map((path, index) => [path, index]));
  const found = new Map<string, DoctorFinding>();
  for (const [check, { effect, run }] of Object.entries(checks)) {
    run(flow, (place, message, hint) => {
      const { path, line, column } = place;
      found.set(`${path} ${line} ${column} ${check} ${message}`, {
        ...{ effect, check, path, line, column, message, hint },
        ...excerpt(config, place),
      });
    });
  }
  return [...found.values()]
    .sort((a, b) => (order.get(a.path) ?? 0) - (order.get(b.path) ?? 0) || a.line - b.line || a.column - b.column)
    .slice(0, MAX_FOUND);
}

/** Lines that may contain a secret: findings are printed, and kept in logs. */
const secret = /passw|secret|token|shared_key|authorization|api_?key|credential/i;

function excerpt({ files }: FluentBitConfig, place: Place): { excerpt?: string } {
  const line = files.get(place.path)?.[place.line - 1];
  return line === undefined || secret.test(line) ? {} : { excerpt: excerptOf(line, place) };
}
