/** YAML with keys and comments highlighted: as the server wrote it, line by line. */
import { Untrusted } from './parts.tsx';
import { longest } from './untrusted.ts';

const keyed = /^(\s*(?:- )?)([^\s:#'"][^:#'"]*)(:(?:\s|$))(.*)$/;

export function Yaml({ text, label }: { text: string; label: string }) {
  return (
    <section class="yaml" aria-label={label} tabIndex={0}>
      {text.split('\n').map((line, index) => (
        <div key={index}>
          <Line line={line} />
        </div>
      ))}
    </section>
  );
}

function Line({ line }: { line: string }) {
  if (/^\s*#/.test(line)) {
    return (
      <span class="c">
        <Untrusted text={line} max={longest.json} />
      </span>
    );
  }
  const found = keyed.exec(line);
  if (found === null) return <Untrusted text={line || ' '} max={longest.json} />;
  const [, indent, key, colon, rest] = found as unknown as [string, string, string, string, string];
  return (
    <>
      {indent}
      <span class="k">{key}</span>
      {colon}
      <span class="s">
        <Untrusted text={rest} max={longest.json} />
      </span>
    </>
  );
}
