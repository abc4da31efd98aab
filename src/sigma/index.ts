/** The Sigma engine: parse, compile, evaluate, explain. It knows an event only as a field look-up. */
export type { Correlation, Filter, Logsource, Rule, RuleHead, RuleLevel, RuleMode } from './ast.ts';
export { candidatesAmong } from './candidates.ts';
export type { Check, Report } from './check.ts';
export { checks } from './checks.ts';
export { type CompiledFilter, type CompiledRule, compileFilter, compileRule, type Gap } from './compile.ts';
export { mostEventsOf } from './correlation.ts';
export { type Evaluation, evaluate, levelOf } from './evaluate.ts';
export { type Explanation, explain, explainLevels, matchedFields, printExplanation } from './explain.ts';
export type { FieldLookup, Found, Truth } from './field.ts';
export { type LintOptions, type LintProblem, lint } from './lint.ts';
export { type List, parseList } from './list.ts';
export { modifiers } from './modifiers.ts';
export { type ParsedFile, type ParseOptions, parseRule, parseRules } from './parse.ts';
export type { Placeholders } from './placeholder.ts';
export { type CompiledCorrelation, resolveCorrelations } from './resolve.ts';
export { didYouMean, printRuleProblem, quote, type RuleProblem } from './rule-problem.ts';
export type { SpelledItem, SpelledValue } from './spelled.ts';
export { renderSummary } from './template.ts';
