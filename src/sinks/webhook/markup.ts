/** Escapes text for the markup of a receiver, so that nothing in it is read as markup. */

export type Escape = (text: string) => string;

/** Keeps receivers from turning URLs into links. */
const unlinked = (text: string) => text.replaceAll('://', ':\u200b//');

/** Slack's mrkdwn: `<!channel>`, `<@U…>` and `<url|text>` begin with `<`. Characters that make text bold, struck, code or
 * italic have no escape, and are replaced by lookalikes.
 * @see https://docs.slack.dev/messaging/formatting-message-text */
const escapeMrkdwn: Escape = (text) =>
  unlinked(escapeSlack(text)).replace(/[*~`]|(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu, (mark) => lookalikes[mark]!);

const lookalikes: Readonly<Record<string, string>> = { '*': '∗', '~': '∼', '`': '‵', _: 'ˍ' };

/** The three characters that Slack interprets in any text, even in plain_text. */
export const escapeSlack: Escape = (text) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** The Markdown of Adaptive Cards: emphasis and links.
 * @see https://learn.microsoft.com/en-us/adaptive-cards/authoring-cards/text-features */
const escapeMarkdown: Escape = (text) => unlinked(text).replace(/[\\`*_[\]()<>]/g, '\\$&');

const escapeNothing: Escape = (text) => text;

/** By the receiver of a template's text. */
export const escapes = {
  slack: escapeMrkdwn,
  teams: escapeMarkdown,
  pagerduty: escapeNothing,
  generic: escapeNothing,
} satisfies Record<string, Escape>;

export type ProfileName = keyof typeof escapes;
export const profileNames = Object.keys(escapes) as ProfileName[];
