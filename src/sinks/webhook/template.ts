/** An operator's own templates: JSON in whose texts `{{name}}` stands for what is known of a message. */
import { isMap, type JsonMap, setMember } from '../../json/map.ts';
import type { Message } from '../alerts/message.ts';
import type { Escape } from './markup.ts';

/** What a placeholder can name, except `data`, which is not a text. */
export const placeholders = [
  ...([
    'kind',
    'id',
    'level',
    'rule',
    'title',
    'summary',
    'description',
    'time',
    'cluster',
    'platform',
    'namespace',
  ] as const),
  ...([
    'resource',
    'name',
    'workload',
    'user',
    'impersonated',
    'sourceIP',
    'fluentTag',
    'attack',
    'owner',
    'contact',
  ] as const),
  ...(['seen', 'runbook', 'link'] as const),
] satisfies (keyof Message)[];
type Placeholder = (typeof placeholders)[number];

const PLACEHOLDER = /\{\{\s*(\w+)\s*\}\}/g;
const WHOLE = /^\{\{\s*(\w+)\s*\}\}$/;
/** These do not come from the record. */
const URLS: readonly string[] = ['link', 'runbook'];

export type Render = (message: Message) => unknown;

/** Reads a template. Values are put into the texts of its JSON after parsing, so that nothing in them can end a text; in a text
 * that begins as a URL they are percent-encoded, elsewhere escaped. A text that is a single placeholder becomes a list if the
 * value is one, as with `{{attack}}`.
 * @throws Error that says what is wrong with it */
export function compileTemplate(text: string, escaped: Escape): Render {
  let template: unknown;
  try {
    template = JSON.parse(text);
  } catch (error) {
    throw new Error(`is not JSON: ${(error as Error).message}`);
  }
  if (!isMap(template)) throw new Error('is not a JSON object');
  check(template);
  return (message) => fill(template, message, escaped);
}

function check(value: unknown): void {
  if (typeof value === 'string') {
    for (const [, name] of value.matchAll(PLACEHOLDER)) {
      if ((placeholders as readonly string[]).includes(name!)) continue;
      throw new Error(`has the unknown placeholder {{${name}}}; write one of ${placeholders.join(', ')}`);
    }
  } else if (Array.isArray(value)) {
    value.forEach(check);
  } else if (isMap(value)) {
    const named = Object.keys(value).find((key) => key.includes('{{'));
    if (named !== undefined) throw new Error(`has a placeholder in the key ${named}; write it into a value`);
    Object.values(value).forEach(check);
  }
}

function fill(value: unknown, message: Message, escaped: Escape): unknown {
  if (typeof value === 'string') return fillText(value, message, escaped);
  if (Array.isArray(value)) return value.map((item) => fill(item, message, escaped));
  if (!isMap(value)) return value;
  const filled: JsonMap = {};
  for (const [key, below] of Object.entries(value)) setMember(filled, key, fill(below, message, escaped));
  return filled;
}

/** A dot segment would lead out of the path. */
const inUrl: Escape = (text) => (/^\.{1,2}$/.test(text) ? '' : encodeURIComponent(text));

function fillText(text: string, message: Message, escaped: Escape): unknown {
  const known = (name: string) => message[name as Placeholder];
  const [, whole] = WHOLE.exec(text) ?? [];
  if (whole !== undefined && URLS.includes(whole)) return known(whole);
  const encoded = /^https?:\/\//.test(text) ? inUrl : escaped;
  if (whole === 'attack') return message.attack.map(encoded);
  return text.replace(PLACEHOLDER, (_, name) => {
    const value = [known(name)].flat().join(', ');
    return URLS.includes(name) ? value.replaceAll('&', escaped('&')) : encoded(value);
  });
}
