/** The library: what the sidecar does, for programs that read records from elsewhere. */
export { type Body, openTripline, type TaggedBody, type Tripline, type TriplineSettings } from './library.ts';
export { Problem, type ProblemCode } from './problem.ts';
export type { AuditEvent, Finding, Report } from './record.ts';
export type { Tag } from './tag.ts';
