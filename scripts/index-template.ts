/** The index template for OpenSearch and Elasticsearch, from the declaration of the tag: every part of the tag has a type, and
 * nothing else of a record is indexed. */
import { Tag } from '../src/tag.ts';

interface JsonSchema {
  type?: string;
  const?: unknown;
  anyOf?: readonly JsonSchema[];
  items?: JsonSchema;
  properties?: Record<string, JsonSchema>;
}

/** The number of characters that a Lucene keyword can hold, whatever they are: 32,766 bytes of UTF-8. */
const KEYWORD_CHARACTERS = 8191;

const times = new Set(['time', 'from', 'to', 'since']);

export const indexTemplate = {
  index_patterns: ['kubernetes-audit-*'],
  // Higher than the templates that both products ship with.
  priority: 500,
  _meta: { description: 'Kubernetes audit records tagged by Tripline' },
  template: {
    settings: { index: { codec: 'best_compression' } },
    mappings: {
      // What clusters write into bodies has more names than an index can have fields, and any type under each.
      dynamic: false,
      properties: { '@timestamp': { type: 'date' }, tripline: mappingOf('tripline', Tag as JsonSchema, 0) },
    },
  },
};

/** @param depth number of enclosing lists of maps: each map of the outermost is a document of its own, so that a query sees
 * which rule has which level; doing so for inner lists would multiply documents beyond the limit of an index */
export function mappingOf(name: string, schema: JsonSchema, depth: number): object {
  const [first = schema] = (schema.anyOf ?? []).filter(({ type }) => type !== 'null');
  const { type, items, properties } = first;
  if (items?.properties) {
    return { ...(depth === 0 && { type: 'nested' }), ...mappingOf(name, items, depth + 1) };
  }
  if (items) return mappingOf(name, items, depth);
  if (properties) {
    const fields = Object.entries(properties).map(([key, member]) => [key, mappingOf(key, member, depth)]);
    return { properties: Object.fromEntries(fields) };
  }
  if (type === 'integer' || typeof first.const === 'number') return { type: 'integer' };
  if (type === 'number') return { type: 'double' };
  // As logged: a client cannot set it, but an invalid time must not keep a record out.
  if (times.has(name)) return { type: 'date', ignore_malformed: true };
  // A list of findings shows their summaries: whatever is counted and sorted in an index is a keyword.
  if (name === 'summary') {
    return { type: 'text', fields: { keyword: { type: 'keyword', ignore_above: KEYWORD_CHARACTERS } } };
  }
  if (name === 'message') return { type: 'text' };
  return { type: 'keyword', ignore_above: KEYWORD_CHARACTERS };
}
