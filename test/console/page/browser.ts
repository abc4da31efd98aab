/** A real headless browser on the built page, and a count of everything that must not happen there. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type Browser, chromium, type Page } from 'playwright-core';

/** Path of a Chromium; without it these tests are skipped. */
export const program = process.env.CHROMIUM;

export function launch(): Promise<Browser> {
  return chromium.launch({ executablePath: program!, args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] });
}

export interface View {
  width: number;
  height: number;
  colours: 'light' | 'dark';
}

export const phone: View = { width: 360, height: 740, colours: 'light' };
export const desktop: View = { width: 1440, height: 900, colours: 'dark' };

export interface Watched {
  page: Page;
  /** Dialogs, requests to other origins, policy violations, script errors. */
  wrongs: string[];
}

/** @param url of the server, to which all requests have to go */
export async function openPage(browser: Browser, url: string, { width, height, colours }: View): Promise<Watched> {
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: colours,
    reducedMotion: 'reduce',
  });
  const page = await context.newPage();
  const wrongs: string[] = [];
  page.on('dialog', (dialog) => {
    wrongs.push(`dialog ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(`${url}/`)) wrongs.push(`request ${request.url()}`);
  });
  page.on('pageerror', (error) => wrongs.push(`error ${error.message}`));
  page.on('console', (message) => {
    if (/Content Security Policy|TrustedHTML/.test(message.text())) wrongs.push(`policy ${message.text()}`);
  });
  const report = 'console.error(`Content Security Policy ${event.violatedDirective}`)';
  await page.addInitScript({ content: `addEventListener('securitypolicyviolation', (event) => ${report});` });
  return { page, wrongs };
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** @returns what axe finds, by rule, and on which elements */
export async function faults(page: Page): Promise<string[]> {
  // Through the debugger's protocol, to which the policy of the page does not apply.
  await page.evaluate(`${axe}; undefined`);
  const result = await page.evaluate(async () => {
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
    const rules = { 'label-content-name-mismatch': { enabled: true } };
    return (globalThis as any).axe.run({ runOnly: { type: 'tag', values: tags }, rules });
  });
  return result.violations.map(
    ({ id, nodes }: any) =>
      `${id}: ${nodes
        .slice(0, 3)
        .map(({ html }: any) => html.slice(0, 160))
        .join(' | ')}`,
  );
}
