/** What the processing thread reports about itself. */
import { countsOf, type LiveRules } from '../rules/live-rules.ts';
import type { RulesStatus } from '../server/health.ts';

export function statusOf(
  rules: Pick<LiveRules, 'ruleset' | 'refusal' | 'broken'>,
  stateStatus: Pick<RulesStatus, 'stateUnwritten' | 'stateUnavailable'>,
): RulesStatus {
  const ruleset = rules.ruleset();
  const refusal = rules.refusal();
  const broken = rules.broken().map(({ name, now, problems: [first] }) => {
    const { path, line, column } = first!;
    return { rule: name, at: `${path}:${line}:${column}`, now };
  });
  return {
    ruleset: ruleset.hash,
    ...countsOf(ruleset),
    ...(broken.length > 0 && { broken }),
    ...(refusal && { refused: { since: refusal.since, files: refusal.files } }),
    ...stateStatus,
  };
}
