/** What a JSON Patch (RFC 6902) puts into a document that is not known. */
import { isMap, type JsonMap, member, textAt } from './map.ts';

export interface Projection {
  /** The parts of the document that the patch sets. A list contains what the patch put there, whatever the index. */
  document: JsonMap;
  /** Pointers, as tokens, to what was moved or copied: the value there now came from the unknown document. */
  moved: string[][];
}

/** kube-apiserver refuses a patch with more operations. */
const MAX_OPERATIONS = 10_000;
/** Levels of a pointer. All but the last must exist before the patch, and no object of Kubernetes has as many. */
const MAX_TOKENS = 256;

/** Applies the operations in order to an empty document, creating the maps and lists along their paths. Tests, and operations
 * that are not well formed, do nothing. Lists keep everything that was put into them: as it is unknown what else they hold,
 * an index means nothing, and what a later operation shifts must not be lost. */
export function projectPatch(operations: readonly unknown[]): Projection {
  const draft: Draft = { root: emptyMap(), owned: new Set(), elements: new Map() };
  draft.owned.add(draft.root);
  const moved: string[][] = [];
  for (const operation of operations.slice(0, MAX_OPERATIONS)) {
    const tokens = tokensOf(textAt(operation, 'path'));
    const from = tokensOf(textAt(operation, 'from'));
    if (tokens === undefined) continue;
    switch (member(operation, 'op')) {
      case 'add':
      case 'replace':
        if (isMap(operation) && Object.hasOwn(operation, 'value')) put(draft, tokens, operation.value);
        break;
      case 'remove':
        remove(draft, tokens);
        break;
      case 'move':
      case 'copy':
        if (from !== undefined) moved.push(tokens, from);
    }
  }
  return { document: draft.root, moved };
}

/** Whether kube-apiserver reads a token as a place in a list: with a sign as well, as -1 is the last. */
export function isIndex(token: string): boolean {
  return /^(?:[+-]?\d+|-)$/.test(token);
}

type Container = JsonMap | unknown[];

interface Draft {
  root: JsonMap;
  /** The containers that were made here; those of the patch itself are copied before they are changed. */
  owned: Set<Container>;
  /** The elements of a list that later operations reach by the same token. */
  elements: Map<Container, Map<string, Container>>;
}

function put(draft: Draft, tokens: readonly string[], value: unknown): void {
  const last = tokens.at(-1);
  if (last === undefined) {
    draft.root = isMap(value) ? copyOf(draft, value) : copyOf(draft, {});
    return;
  }
  let node: Container = draft.root;
  tokens.slice(0, -1).forEach((token, index) => {
    node = childOf(draft, node, token, tokens[index + 1]);
  });
  if (Array.isArray(node)) node.push(value);
  else node[last] = value;
}

function remove(draft: Draft, tokens: readonly string[]): void {
  const last = tokens.at(-1);
  if (last === undefined) {
    draft.root = copyOf(draft, {});
    return;
  }
  let node: Container = draft.root;
  for (const [index, token] of tokens.slice(0, -1).entries()) {
    if (!isMap(node) || !Object.hasOwn(node, token)) return;
    node = childOf(draft, node, token, tokens[index + 1]);
  }
  if (!Array.isArray(node)) delete node[last];
}

/** The container under a token, created if there is none; `next` says whether it must be a list. */
function childOf(draft: Draft, node: Container, token: string, next: string): Container {
  if (Array.isArray(node)) {
    const elements = draft.elements.get(node) ?? new Map<string, Container>();
    draft.elements.set(node, elements);
    const known = elements.get(token);
    if (known !== undefined) return known;
    const element = newContainer(draft, next);
    elements.set(token, element);
    node.push(element);
    return element;
  }
  const child = member(node, token);
  if (!isMap(child) && !Array.isArray(child)) return (node[token] = newContainer(draft, next)) as Container;
  return (node[token] = copyOf(draft, child)) as Container;
}

function newContainer(draft: Draft, next: string): Container {
  return copyOf(draft, isIndex(next) ? [] : {});
}

function copyOf<T extends Container>(draft: Draft, container: T): T {
  if (draft.owned.has(container)) return container;
  const copy = (Array.isArray(container) ? [...container] : Object.assign(emptyMap(), container)) as T;
  draft.owned.add(copy);
  return copy;
}

/** Without a prototype, so that `__proto__` is a key like any other. */
function emptyMap(): JsonMap {
  return Object.create(null);
}

/** The tokens of a JSON Pointer (RFC 6901), or undefined if it is not one. kube-apiserver ignores what precedes the first
 * slash: to it `x/spec` is `/spec`.
 * @see https://github.com/evanphx/json-patch/blob/v4.12.0/patch.go findObject */
function tokensOf(pointer: string | undefined): string[] | undefined {
  if (pointer === '') return [];
  if (!pointer?.includes('/')) return undefined;
  const tokens = pointer.slice(pointer.indexOf('/') + 1).split('/', MAX_TOKENS + 1);
  return tokens.length > MAX_TOKENS
    ? undefined
    : tokens.map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
}
