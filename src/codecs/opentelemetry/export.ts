/** Where the LogRecords of an ExportLogsServiceRequest lie in its bytes, and what lies around them. */
import { type Fault, type Field, fieldAt, LENGTH_DELIMITED } from '../../protobuf/scan.ts';
import type { Span } from '../../record.ts';
import { EXPORT, RESOURCE_LOGS, SCOPE_LOGS } from './fields.ts';
import { lastBegun } from './last-begun.ts';

/** A ScopeLogs, and the ResourceLogs that it is in. */
export interface ScopeLogs extends Field {
  resourceLogs: Field;
}

/** What is found in an export, in order. */
export interface ExportVisitor {
  resourceLogs?(field: Field): void;
  /** @param field a field of which only the ends are known */
  logRecord(field: Field, scopeLogs: ScopeLogs): void;
  /** Called for what cannot be read, up to the end of its message; no bytes if that is cut between two fields. */
  rest?(span: Span, fault: Fault): void;
}

/** Walks an export. A ResourceLogs or ScopeLogs that is cut is read as far as it goes. */
export function walkExport(bytes: Uint8Array, visitor: ExportVisitor): void {
  /** @returns whether a rest reaches to the end */
  const walk = (within: Span, number: number, visit: (field: Field, inside: Span) => boolean): boolean => {
    const rest = (start: number, fault: Fault): true => {
      visitor.rest?.({ start, end: within.end }, fault);
      return true;
    };
    for (let at = within.start; at < within.end; ) {
      const field = fieldAt(bytes, at, within.end);
      if (!('number' in field)) return rest(at, field);
      const isMessage = field.number === number && field.wireType === LENGTH_DELIMITED;
      const isCut = field.end > within.end;
      if (isCut && !(isMessage && visit !== record)) return rest(at, { at, found: 'a length beyond the end' });
      const isBroken = isMessage && visit(field, { start: field.valueStart, end: Math.min(field.end, within.end) });
      if (isCut) return isBroken || rest(within.end, { at: within.end, found: 'the end' });
      at = field.end;
    }
    return false;
  };

  let resourceLogs: Field;
  let scopeLogs: ScopeLogs;
  const record = (field: Field): boolean => {
    visitor.logRecord(field, scopeLogs);
    return false;
  };
  walk({ start: 0, end: bytes.length }, EXPORT.resourceLogs, (field, inside) => {
    resourceLogs = field;
    visitor.resourceLogs?.(field);
    return walk(inside, RESOURCE_LOGS.scopeLogs, (scope, insideScope) => {
      scopeLogs = { ...scope, resourceLogs };
      return walk(insideScope, SCOPE_LOGS.logRecords, record);
    });
  });
}

const known = new WeakMap<Uint8Array, readonly ScopeLogs[]>();

/** Each ScopeLogs with records in it, in order; found once for the bytes of a batch. */
export function scopesIn(bytes: Uint8Array): readonly ScopeLogs[] {
  let scopes = known.get(bytes);
  if (scopes === undefined) {
    const found: ScopeLogs[] = [];
    walkExport(bytes, {
      logRecord: (_, scopeLogs) => {
        if (found.at(-1) !== scopeLogs) found.push(scopeLogs);
      },
    });
    known.set(bytes, found);
    scopes = found;
  }
  return scopes;
}

/** The ScopeLogs in which a record lies; undefined for what lies in none. */
export function scopeOf(bytes: Uint8Array, { start, end }: Span): ScopeLogs | undefined {
  const scope = lastBegun(scopesIn(bytes), start);
  return scope !== undefined && end <= scope.end ? scope : undefined;
}
