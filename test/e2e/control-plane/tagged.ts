/** The tag of a record that came back. */
export interface Tagged {
  verdict: string;
  findings: {
    rule: string;
    level: string;
    event: number;
    correlation?: { events: string[] };
  }[];
}

/** Reads the tag, and makes sure that it is all that was added, before the last brace.
 * @throws Error where any other byte differs */
export function tagOf(sent: string, returned: string): Tagged {
  const head = `${sent.slice(0, -1)},"tripline":`;
  if (!returned.startsWith(head) || !returned.endsWith('}')) {
    throw new Error(`a record came back changed: ${sent.slice(0, 300)} is now ${returned.slice(0, 300)}`);
  }
  const { verdict, findings = [] } = JSON.parse(returned.slice(head.length, -1));
  return { verdict, findings };
}
