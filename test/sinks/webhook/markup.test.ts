/** Names that an attacker chooses are plain text to each receiver. */
import { describe, expect, test } from 'vitest';
import { noContext } from '../../../src/findings/context.ts';
import type { Emitted } from '../../../src/findings/emitted.ts';
import { type Message, messageOf } from '../../../src/sinks/alerts/message.ts';
import { escapes, type ProfileName } from '../../../src/sinks/webhook/markup.ts';
import { bodyMaker } from '../../../src/sinks/webhook/profiles.ts';
import { compileTemplate, placeholders } from '../../../src/sinks/webhook/template.ts';
import fc from '../../properties.ts';
import { event, finding } from '../alerts/found.ts';

const marks = [
  '<!channel>',
  '<@U012>',
  '<https://evil|x>',
  '[x](https://evil)',
  '*b*',
  '_i_',
  '`',
  '~',
  '&',
  '"',
  '\\',
];
const texts = fc
  .tuple(
    fc.array(fc.oneof(fc.constantFrom(...marks, '{{link}}', '\u202e', '\ud800', '\n', '</at>'), fc.string()), {
      maxLength: 12,
    }),
    fc.constantFrom(1, 1, 1, 500),
  )
  .map(([parts, times]) => parts.join('').repeat(times) || 'a');

/** A message in which every field that a record can set is this text. */
function messageWith(text: string): Message {
  const emitted: Emitted = {
    ...{ kind: 'finding', mode: 'live', platform: 'eks', cluster: text, fluentTag: text, record: 0, trace: undefined },
    ...{ receivedUnixNano: 1n, ruleset: 'a', evidence: 'full' },
    finding: finding('f1', { summary: text, workload: text }),
    event: { ...event, namespace: text, name: text, username: text, impersonatedUser: text, sourceIPs: [text] },
  };
  return messageOf(emitted, noContext(emitted), 'https://tripline.example.com/');
}

const holds = (check: (message: Message, text: string) => void) =>
  fc.assert(
    fc.property(texts, (text) => check(messageWith(text), text)),
    { numRuns: 60 },
  );

/** All texts in a value, each with its key and the object around it. */
function* textsIn(value: unknown, key = '', beside: any = {}): Generator<{ key: string; text: string; beside: any }> {
  if (typeof value === 'string') yield { key, text: value, beside };
  else if (Array.isArray(value)) for (const item of value) yield* textsIn(item, key, beside);
  else if (typeof value === 'object' && value !== null)
    for (const [name, below] of Object.entries(value)) yield* textsIn(below, name, value);
}

const bodyOf = (profile: ProfileName, message: Message, template?: string): any =>
  JSON.parse(
    String(
      bodyMaker(
        profile,
        { routingKey: 'key' },
        template === undefined ? undefined : compileTemplate(template, escapes[profile]),
      )(message),
    ),
  );

describe('Slack', () => {
  test('gets names as plain text of a length that it accepts', () => {
    holds((message) => {
      const body = bodyOf('slack', message);
      expect(body.mrkdwn).toBe(false);
      for (const { key, text, beside } of textsIn(body)) {
        if (key !== 'text') continue;
        if (beside.type === 'mrkdwn') {
          expect(text).toBe('<https://tripline.example.com/findings/f1|Open in the console>');
        } else {
          expect(text).not.toMatch(/[<>]|&(?!amp;|lt;|gt;)/);
          expect(text.length).toBeGreaterThan(0);
          expect(text.length).toBeLessThanOrEqual(3000);
        }
      }
      expect(body.blocks[0].text.text.length).toBeLessThanOrEqual(150);
      expect(body.blocks[2].fields.length).toBeLessThanOrEqual(10);
    });
  });

  test('gets no markup through a template', () => {
    holds((message) => {
      const { text } = bodyOf('slack', message, '{"text": "*{{summary}}* <{{link}}|{{user}}>"}');
      const [, inner] = /^\*(.*)\* <https:\/\/tripline\.example\.com\/findings\/f1\|(.*)>$/su.exec(text)!;
      expect(inner).not.toMatch(/[<>*~`]|:\/\/|&(?!amp;|lt;|gt;)/);
    });
  });

  test('shows text without markup unchanged', () => {
    const summary = 'system:serviceaccount:shop:web_server made a-b.c/d_e';
    expect(escapes.slack(summary)).toBe(summary);
  });
});

describe('Teams', () => {
  test('gets names only in text runs, which have no markup', () => {
    holds((message) => {
      const [{ content }] = bodyOf('teams', message).attachments;
      const types = new Set([...textsIn(content)].filter(({ key }) => key === 'type').map(({ text }) => text));
      expect([...types].sort()).toEqual(['Action.OpenUrl', 'AdaptiveCard', 'RichTextBlock', 'TextRun']);
      for (const { key, beside } of textsIn(content)) if (key === 'text') expect(beside.type).toBe('TextRun');
      for (const { key, text } of textsIn(content)) if (key === 'url') expect(text).toMatch(/^https:\/\/tripline\./);
      expect(JSON.stringify(content).length).toBeLessThan(28_000);
    });
  });

  test('gets no markup through a template', () => {
    holds((message) => {
      const { text } = bodyOf('teams', message, '{"text": "{{summary}}"}');
      // A backslash escapes the character after it, which may be another backslash.
      expect(text.replace(/\\[\s\S]/g, '')).not.toMatch(/[*_[\]()<>`\\]|:\/\//);
    });
  });
});

test('PagerDuty gets an event of bounded size that is one incident', () => {
  holds((message) => {
    const body = bodyOf('pagerduty', message);
    expect(body).toMatchObject({
      ...{ routing_key: 'key', dedup_key: 'f1', event_action: 'trigger' },
      payload: { severity: 'error', class: 'pod-host-pid', timestamp: '2026-01-02T03:04:05Z' },
      links: [{ href: 'https://tripline.example.com/findings/f1', text: 'Open in the console' }],
    });
    expect(body.payload.summary.length).toBeLessThanOrEqual(1024);
    expect(JSON.stringify(body).length).toBeLessThan(50_000);
  });
});

test('all texts are well formed, on one line and without invisible characters', () => {
  const profileNames = ['slack', 'teams', 'pagerduty'] as const;
  holds((message) => {
    for (const profile of profileNames) {
      for (const { text } of textsIn(bodyOf(profile, message))) {
        expect(text.isWellFormed()).toBe(true);
        expect(text).not.toMatch(/[\p{Cc}\p{Cf}]/u);
      }
    }
  });
});

describe('a template of an operator', () => {
  test('keeps its JSON structure whatever the values are', () => {
    const template = {
      a: [{ b: 'x {{user}} y', c: '{{attack}}', __proto__2: 1 }, 5, null, true],
      u: 'https://wiki/{{name}}?q={{user}}',
    };
    holds((message) => {
      const body = bodyOf('generic', message, JSON.stringify(template));
      expect(body).toEqual({
        a: [{ b: `x ${message.user} y`, c: ['T1611'], __proto__2: 1 }, 5, null, true],
        u: expect.any(String),
      });
      const url = new URL(body.u);
      expect(url.origin).toBe('https://wiki');
      expect(decodeURIComponent(url.pathname.slice(1))).toBe(message.name);
      expect([...url.searchParams]).toEqual([['q', message.user]]);
    });
  });

  test('is not led out of the path of a URL by a value', () => {
    const body = bodyOf('generic', messageWith('..'), '{"a": "https://wiki/x/{{user}}/y"}');
    expect(new URL(body.a).pathname).toBe('/x//y');
  });

  test('accepts every placeholder', () => {
    const message = messageWith('ann');
    const template = JSON.stringify(Object.fromEntries(placeholders.map((name) => [name, `{{ ${name} }}.`])));
    const body = bodyOf('generic', message, template);
    for (const name of placeholders) expect(body[name]).toBe(`${message[name]}.`);
  });

  test.each([
    ['{"a": "{{usr}}"}', /has the unknown placeholder \{\{usr\}\}; write one of kind, id, /],
    ['{"a": ["{{data}}"]}', /has the unknown placeholder \{\{data\}\}/],
    ['{"{{user}}": 1}', /placeholder in the key/],
    ['{"a": ', /is not JSON/],
    ['"{{user}}"', /is not a JSON object/],
  ])('%s is refused', (template, message) => {
    expect(() => compileTemplate(template, escapes.generic)).toThrow(message);
  });
});
