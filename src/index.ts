/** The library: what the sidecar is made of, for programs that read records from elsewhere. */
export { codecFor, codecs } from './codecs/index.ts';
export { type Detection, detect, Ruleset } from './detect.ts';
export { fields, fieldsOf } from './fields/index.ts';
export { type Normalized, normalize } from './normalizers/index.ts';
export { Problem, type ProblemCode } from './problem.ts';
export type { AuditEvent, Finding, Tag } from './record.ts';
export { loadRules } from './rules/index.ts';
export { compileRule, evaluate, explain, parseRule } from './sigma/index.ts';
export { tagger } from './tagger.ts';
