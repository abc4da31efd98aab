/** An explanation as a tree: `+` true, `−` false, `?` unknown, as `tripline explain` prints them. */
import { useState } from 'preact/hooks';
import type { Explanation } from '../../sigma/index.ts';
import { decisiveOf, operandsOf } from './explained.ts';
import { Icon } from './icon.tsx';
import { count } from './numbers.ts';
import { Button, Untrusted } from './parts.tsx';

type Truth = Explanation['truth'];

const signs = { true: ['+', 'true'], false: ['−', 'false'], unknown: ['?', 'unknown'] } as const;
const operators = { and: 'all of', or: 'any of', not: 'not' };
/** Maximum operands of a branch, and values of a predicate, that are shown. */
const mostOperands = 50;
const mostValues = 4;
/** Maximum characters of the expected values. */
const longestExpected = 200;
/** Branches deeper than this are collapsed at first: a rule can nest as deep as its author likes. */
const openDepth = 12;

export function Sign({ truth }: { truth: Truth }) {
  const [sign, word] = signs[String(truth) as keyof typeof signs];
  return (
    <span class={`sign ${word}`} title={word}>
      <span aria-hidden="true">{sign}</span>
      <span class="sr">{word}</span>
    </span>
  );
}

/** @param isBrief whether to show only what was decisive */
export function Tree({ root, isBrief = false }: { root: Explanation; isBrief?: boolean }) {
  return (
    <div class="tree">
      <ul>
        <Node node={root} depth={0} isBrief={isBrief} isDecisive={true} />
      </ul>
    </div>
  );
}

interface NodeProps {
  node: Explanation;
  depth: number;
  isBrief: boolean;
  /** Whether the node and all nodes above it determined the answer. */
  isDecisive: boolean;
}

function Node({ node, depth, isBrief, isDecisive }: NodeProps) {
  const [isOpen, setIsOpen] = useState(depth < openDepth);
  if (node.kind === 'predicate') {
    return (
      <li>
        <div class={`node${isDecisive ? ' decisive' : ''}`}>
          <Sign truth={node.truth} />
          <span class="asked">
            {node.field} {node.negated ? 'not ' : ''}
            <Expected text={node.expected} />
          </span>
          <span class="value">
            <Found node={node} />
          </span>
        </div>
      </li>
    );
  }
  const decisive = decisiveOf(node);
  const operands = isBrief ? decisive : operandsOf(node);
  const shown = operands.slice(0, mostOperands);
  const omitted = operands.length - shown.length + ((node as { omitted?: number }).omitted ?? 0);
  return (
    <li>
      <details open={isOpen} onToggle={({ currentTarget }) => setIsOpen(currentTarget.open)}>
        <summary>
          <div class="node">
            <Sign truth={node.truth} />
            <span>
              <span class="caret">
                <Icon name="next" size={10} />
              </span>
              <Label node={node} />
            </span>
            <span class="value">{'gap' in node && node.gap ? `incomplete: ${node.gap}` : ''}</span>
          </div>
        </summary>
        {isOpen ? (
          <ul>
            {shown.map((operand, index) => (
              <Node
                key={index}
                node={operand}
                depth={depth + 1}
                isBrief={isBrief}
                isDecisive={isDecisive && decisive.includes(operand)}
              />
            ))}
            {omitted > 0 ? <li class="dim">and {count(omitted)} more</li> : null}
          </ul>
        ) : null}
      </details>
    </li>
  );
}

/** A rule can test for hundreds of names, of which a reader needs only a few. */
function Expected({ text }: { text: string }) {
  const [isLong, setIsLong] = useState(text.length <= longestExpected);
  if (isLong) return <em>{text}</em>;
  return (
    <>
      <em>{text.slice(0, longestExpected)}… </em>
      <Button class="ghost small" onClick={() => setIsLong(true)}>
        all {count(text.length)} characters
      </Button>
    </>
  );
}

function Label({ node }: { node: Exclude<Explanation, { kind: 'predicate' }> }) {
  switch (node.kind) {
    case 'selection':
      return <span class="name">{node.name}</span>;
    case 'exception':
      return (
        <span class="op">
          exception <span class="name">{node.name}</span>
        </span>
      );
    case 'atLeast':
      return <span class="op">at least {node.count} of</span>;
    case 'block':
      return (
        <span class="op">
          a member of <code>{node.field}</code>
        </span>
      );
    default:
      return <span class="op">{operators[node.kind]}</span>;
  }
}

function Found({ node }: { node: Extract<Explanation, { kind: 'predicate' }> }) {
  const { values, gap } = node;
  const shown = values.slice(0, mostValues);
  if (shown.length === 0) {
    if (gap === undefined) return <>found nothing</>;
    return (
      <>
        not in the log: <code>{gap}</code>
      </>
    );
  }
  return (
    <>
      found{' '}
      {shown.map((value, index) => (
        <span key={index}>
          {index > 0 ? ', ' : ''}
          <Value value={value} />
        </span>
      ))}
      {values.length > shown.length ? ` and ${count(values.length - shown.length)} more` : ''}
      {gap === undefined ? '' : `; there may be more: ${gap}`}
    </>
  );
}

/** A text in quotes, so that an empty one is visible. */
export function Value({ value }: { value: unknown }) {
  if (typeof value === 'string') {
    return (
      <code>
        '<Untrusted text={value} max={90} />'
      </code>
    );
  }
  return (
    <code>
      <Untrusted text={JSON.stringify(value) ?? String(value)} max={90} />
    </code>
  );
}
