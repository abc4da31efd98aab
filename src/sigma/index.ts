/** The Sigma engine: parse, compile, evaluate, explain. It knows an event only as a field look-up. */
export type {
  BlockItem,
  Condition,
  Correlation,
  FieldItem,
  Filter,
  Item,
  Logsource,
  Rule,
  RuleHead,
  RuleLevel,
  RuleMode,
} from './ast.ts';
export type { FieldLookup, Found, SharedAnswers, Truth } from './field.ts';
export type { Check, Report } from './lint/check.ts';
export { checks } from './lint/checks.ts';
export { fix } from './lint/fix.ts';
export { type LintOptions, type LintProblem, lint } from './lint/index.ts';
export type { ItemSource, ValueSource } from './lint/source-map.ts';
export { isLimited } from './match/block.ts';
export { needlesOf } from './match/item-needles.ts';
export { printPattern } from './match/pattern.ts';
export type { Gap, Predicate } from './match/predicate.ts';
export { type ParsedFile, type ParseOptions, parseRule, parseRules } from './parse/index.ts';
export { type List, parseList } from './parse/list.ts';
export { modifiers } from './parse/modifiers.ts';
export type { Placeholders } from './parse/placeholder.ts';
export { renderSummary, summaryParts } from './parse/template.ts';
export {
  type CompiledFilter,
  type CompiledItem,
  type CompiledRule,
  Compiler,
  compileFilter,
  compileRule,
  decideAlone,
} from './plan/compile.ts';
export { Program, type ProgramItem } from './plan/program.ts';
export { askedBy, type EvaluatedRule, isRuledOut, type ReducedRule, reduceRule } from './plan/reduce.ts';
export { type CompiledCorrelation, resolveCorrelations } from './plan/resolve.ts';
export { didYouMean, nearest, printRuleProblem, quote, type RuleProblem } from './rule-problem.ts';
export { type Evaluation, evaluate, levelOf } from './run/evaluate.ts';
export { type Explanation, explain, explainLevels, printExplanation } from './run/explain.ts';
export { matchedFields, matchOf, type RuleMatch } from './run/matched.ts';
export { MOST_SHOWN_EVENTS, mostEventsOf } from './window-limits.ts';
