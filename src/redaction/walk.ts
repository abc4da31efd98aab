/** Walks through a record and masks what is to be masked in it. */
import type { Edit } from '../codecs/codec.ts';
import type { Span } from '../record.ts';
import { documentsIn, mayBeBetween, mayBePart, type UnfoldBudget, unpacked } from './contents.ts';
import type { Masked } from './masked.ts';
import { json } from './notations/json.ts';
import { letters, stepOn } from './paths.ts';
import type { Policy } from './policy.ts';
import {
  type About,
  aboutIn,
  isHarmlessMessage,
  isSecret,
  type Part,
  partBelow,
  partOfEvent,
  SECRET_IN_TEXT,
  SKIPPED,
} from './secrets.ts';
import { asksForToken, isTokenKey, tokensIn } from './tokens.ts';
import { MARKER, type Member, type Node, type Notation, type Tree } from './tree.ts';

/** What is known about a value from its surroundings. */
export interface Context {
  about: About;
  part: Part;
  /** The remaining steps of named paths that lead here. */
  rest: readonly string[];
}

/** What the values of one record have in common. */
export interface Surroundings {
  policy: Policy;
  masked: Masked;
  budget: UnfoldBudget;
  /** Whether no event was found in the record: a text may then be a part of one. */
  isUnread: boolean;
}

export const OUTSIDE: Context = { about: 'unknown', part: 'plain', rest: [] };

/** What happens to a text: its content is edited, or all of it is masked. */
export type Outcome = readonly Edit[] | 'whole';

const MAX_LAYERS = 8;
const encoder = new TextEncoder();
const marker = encoder.encode(MARKER);

/** Collects the edits of a value. */
export class Walk {
  readonly edits: Edit[] = [];
  readonly #notation: Notation;
  readonly #bytes: Uint8Array;
  readonly #around: Surroundings;
  readonly #path: string[];
  readonly #cutAt: number;

  /** @param tree the value
   * @param path of the text that holds it */
  constructor(notation: Notation, bytes: Uint8Array, tree: Tree, around: Surroundings, path: string[] = []) {
    this.#notation = notation;
    this.#bytes = bytes;
    this.#around = around;
    this.#path = path;
    this.#cutAt = tree.isCut ? tree.end : -1;
  }

  value(node: Node, context: Context): void {
    switch (node.kind) {
      case 'map':
        this.#map(node, context);
        return;
      case 'list':
        this.#list(node, context);
        return;
      case 'text':
        this.#text(node, context);
        return;
      case 'opaque':
        if (context.part !== 'plain' || context.rest.length > 0 || this.#mayHold(node)) this.mask(node);
        return;
      case 'scalar':
        // A body does not consist of a scalar.
        if (context.part === 'body') this.mask(node);
    }
  }

  /** Masks a value: in maps and lists the values inside them, so that keys and lengths stay. */
  mask(node: Node): void {
    const before = this.edits.length;
    this.#maskLeaves(node);
    if (this.edits.length > before) this.#around.masked.add(this.#path.join('.'));
  }

  #maskLeaves(node: Node): void {
    const { start, end } = node;
    switch (node.kind) {
      case 'map':
        for (const { value } of node.members) this.#maskLeaves(value);
        return;
      case 'list':
        for (const item of node.items) this.#maskLeaves(item);
        return;
      case 'null':
        return;
      case 'scalar':
        this.#around.masked.addText(Buffer.from(this.#bytes.subarray(start, end)).toString());
        this.edits.push({ start, end, insert: this.#notation.write.null });
        return;
      case 'opaque':
        this.#around.masked.addUnread();
        this.edits.push({ start, end, insert: this.#notation.write.marker });
        return;
      case 'text': {
        const content = this.#notation.contentOf(this.#bytes, node);
        const text = Buffer.from(content).toString();
        if (text === '' || text === MARKER) return;
        this.#around.masked.addText(text);
        const edit = { start: 0, end: content.length, insert: marker };
        this.#notation.editText(this.#bytes, node, [edit], this.edits);
      }
    }
  }

  #textOf = (node: Node): string => Buffer.from(this.#notation.contentOf(this.#bytes, node)).toString();

  #mayHold({ start, end }: Node): boolean {
    return this.#around.policy.mayHold(latin1(this.#bytes.subarray(start, end)));
  }

  /** In a list of arguments, a flag may ask for a credential in the next one. */
  #list({ items }: Node & { kind: 'list' }, context: Context): void {
    let isAsked = false;
    for (const item of items) {
      if (isAsked && item.kind === 'text') this.mask(item);
      else this.value(item, context);
      isAsked = this.#around.policy.tokens && item.kind === 'text' && asksForToken(this.#textOf(item));
    }
  }

  #map({ members, end }: Node & { kind: 'map' }, context: Context): void {
    const { secrets, tokens, paths } = this.#around.policy;
    let { about, part } = context;
    if (secrets) {
      about = aboutIn(members, this.#textOf) ?? about;
      const isOpen = end === this.#cutAt;
      if (part === 'plain' && (isSecret(members, this.#textOf) || (isOpen && mayBeSecret(members)))) part = 'body';
    }
    const isOperation = secrets && ['op', 'path'].every((key) => members.some((member) => member.key === key));
    // A payload of Cloud Audit Logs that does not say what it is about.
    const isPayload =
      secrets && about === 'unknown' && members.some(({ key }) => letters(key) === 'authenticationinfo');
    for (const member of members) {
      const { key, value } = member;
      this.#path.push(key);
      const { isEnd, rest } = stepOn(paths, context.rest, key);
      const below = !secrets
        ? 'plain'
        : part === 'plain'
          ? partOfEvent(about, isPayload, member, isOperation)
          : partBelow(part, member, isOperation);
      if (isEnd || below === 'value' || (tokens && value.kind === 'text' && isTokenKey(key))) this.mask(value);
      else this.value(value, { about, part: below, rest });
      this.#path.pop();
    }
  }

  #text(node: Node, context: Context): void {
    const outcome = this.outcome(this.#notation.contentOf(this.#bytes, node), context, 0);
    if (outcome === 'whole') this.mask(node);
    else if (outcome.length > 0) this.#notation.editText(this.#bytes, node, outcome, this.edits);
  }

  /** What happens to the content of a text. */
  outcome(content: Uint8Array, context: Context, layer: number): Outcome {
    const { policy, isUnread, masked } = this.#around;
    const { part, rest } = context;
    const text = latin1(content);
    if (text === MARKER || text === '') return [];
    if (part === 'plain' && rest.length === 0 && !isUnread && !policy.mayHold(text)) return [];
    const documents = documentsIn(content);
    const outside = textOutside(text, documents);
    if (outside.trim() !== '' && this.#isValue(outside, part)) return 'whole';
    const edits = this.#isPacked(content, text, context, layer)
      ? undefined
      : this.#editsOf(content, text, documents, context);
    if (edits === undefined) masked.addUnread();
    return edits ?? 'whole';
  }

  /** Whether there is, or may be, anything to mask in what a text has packed. */
  #isPacked(content: Uint8Array, text: string, context: Context, layer: number): boolean {
    const packed = unpacked(content, text, this.#around.budget);
    if (packed === undefined) return false;
    if (packed === 'unknown' || layer === MAX_LAYERS) return true;
    const outcome = this.outcome(packed, context, layer + 1);
    return outcome === 'whole' || outcome.length > 0;
  }

  /** The edits of a text with JSON in it; undefined if they would not be enough. */
  #editsOf(content: Uint8Array, text: string, documents: readonly Span[], context: Context): Edit[] | undefined {
    const { part } = context;
    const ofDocument: Context = part === 'annotation' || part === 'message' ? { ...context, part: 'body' } : context;
    const edits: Edit[] = [];
    let at = 0;
    for (const { start, end } of documents) {
      if (!this.#addPlain(text.slice(at, start), at, edits)) return undefined;
      const tree = json.read(content, start, end);
      const walk = new Walk(json, content, tree, this.#around, this.#path);
      walk.value(tree.root, ofDocument);
      if (tree.isCut && (walk.edits.length > 0 || this.#mayBeCut(text.slice(start, end), context))) return undefined;
      for (const edit of walk.edits) edits.push(edit);
      at = end;
    }
    return this.#addPlain(text.slice(at), at, edits) ? edits : undefined;
  }

  /** Adds the edits of text that is not JSON. Returns whether they are enough. */
  #addPlain(text: string, offset: number, edits: Edit[]): boolean {
    const { policy, isUnread, masked } = this.#around;
    if (text === '') return true;
    if ((policy.secrets && SECRET_IN_TEXT.test(text)) || (isUnread && mayBeBetween(text))) return false;
    if (!policy.tokens) return true;
    for (const { start, end } of tokensIn(text)) {
      const found = text.slice(start, end);
      if (found === MARKER) continue;
      masked.add(this.#path.join('.'));
      masked.addText(Buffer.from(found, 'latin1').toString());
      edits.push({ start: offset + start, end: offset + end, insert: marker });
    }
    return true;
  }

  /** Whether JSON that stops or breaks in the middle may hold something to mask that was not seen. */
  #mayBeCut(text: string, { part, rest }: Context): boolean {
    const { policy, isUnread } = this.#around;
    const { secrets, tokens } = policy;
    if (part !== 'plain' || rest.length > 0 || (isUnread && mayBePart(text))) return true;
    if (secrets && SECRET_IN_TEXT.test(text)) return true;
    return tokens && (/eyJ|LS0tLS1|:\/\/[^ @/]*$/.test(text) || tokensIn(text).length > 0);
  }

  /** Whether text that is not JSON is a value, in the place of a Secret's body or where one can be quoted. */
  #isValue(text: string, part: Part): boolean {
    switch (part) {
      case 'body':
        return text !== SKIPPED;
      case 'message':
        return !isHarmlessMessage(text);
      case 'annotations':
      case 'annotation':
        return /[A-Za-z0-9+/_=-]{64}/.test(text) && !/^[0-9a-f]*$/.test(text);
      default:
        return false;
    }
  }
}

function textOutside(text: string, documents: readonly Span[]): string {
  let outside = '';
  let at = 0;
  for (const { start, end } of documents) {
    outside += text.slice(at, start);
    at = end;
  }
  return outside + text.slice(at);
}

/** The kind may be missing from a map that is cut. */
function mayBeSecret(members: readonly Member[]): boolean {
  const has = (name: string) => members.some(({ key }) => key === name);
  return !has('kind') && (has('data') || has('stringData'));
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}
