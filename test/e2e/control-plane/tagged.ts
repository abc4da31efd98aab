/** The tag of a returned record. */
export interface Tagged {
  verdict: string;
  findings: {
    rule: string;
    level: string;
    event: number;
    correlation?: { events: string[] };
  }[];
}

/** Reads the tag, and checks that nothing else was added, before the last brace.
 * @throws Error if any other byte differs */
export function tagOf(sent: string, returned: string): Tagged {
  const head = `${sent.slice(0, -1)},"tripline":`;
  if (!returned.startsWith(head) || !returned.endsWith('}')) {
    throw new Error(`a record came back changed: ${sent.slice(0, 300)} is now ${returned.slice(0, 300)}`);
  }
  const { verdict, findings = [] } = JSON.parse(returned.slice(head.length, -1));
  return { verdict, findings };
}
