/** What a request does, by its verb and subresource. */

/** Whether a verb writes an object. */
export function isWrite(verb: string): boolean {
  return verb === 'create' || verb === 'update' || verb === 'patch';
}

/** Whether a request opens a connection: it carries what it asks for in the URI, and no object in its bodies. */
export function opensConnection(subresource: string | undefined): boolean {
  return subresource !== undefined && CONNECTIONS.has(subresource);
}

const CONNECTIONS: ReadonlySet<string> = new Set(['exec', 'attach', 'portforward', 'proxy']);
