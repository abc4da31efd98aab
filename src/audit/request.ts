/** What a request does, by its verb and subresource, and how far it has progressed, by its stage. */

/** The stages at which events are logged. */
export const stages: readonly string[] = ['RequestReceived', 'ResponseStarted', 'ResponseComplete', 'Panic'];

/** Whether an event of this stage shows the result of the request. One that does not is followed by one that does. */
export function isAnswered(stage: string): boolean {
  return stage !== 'RequestReceived';
}

/** Whether a verb writes an object. */
export function isWrite(verb: string): boolean {
  return verb === 'create' || verb === 'update' || verb === 'patch';
}

/** Whether a request opens a connection: it carries what it asks for in the URI, and no object in its bodies. */
export function opensConnection(subresource: string | undefined): boolean {
  return subresource !== undefined && CONNECTIONS.has(subresource);
}

/** Whether a request is upgraded to a stream, and answered with 101. */
export function opensStream(subresource: string | undefined): boolean {
  return subresource !== undefined && STREAMS.has(subresource);
}

const STREAMS: ReadonlySet<string> = new Set(['exec', 'attach', 'portforward']);
const CONNECTIONS: ReadonlySet<string> = new Set([...STREAMS, 'proxy']);
