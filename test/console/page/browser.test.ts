/** The page in a real Chromium: `CHROMIUM=/usr/bin/chromium npx vitest run test/console/page/browser.test.ts`. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { desktop, faults, launch, openPage, phone, program, type View, type Watched } from './browser.ts';
import { type FakeServer, ordinaryRows, startFakeServer } from './fake-server.ts';
import { hostile, hostileRows, rowOf, rowsOf } from './fixtures.ts';

// One line in the report for all of them when they are skipped.
if (program === undefined) test.skip('the page in a browser: set CHROMIUM to the path of one', () => {});
else
  describe('the page in a browser', () => {
    let browser: Browser;
    let server: FakeServer;
    let watched: Watched;
    const id = rowOf(4).id;

    beforeAll(async () => {
      [browser, server] = await Promise.all([launch(), startFakeServer()]);
    });
    afterAll(async () => {
      await browser.close();
      await server.close();
    });
    afterEach(async () => {
      await watched.page.context().close();
      server.state.rows = ordinaryRows();
      server.state.mode = 'answers';
      server.drop(false);
    });

    /** Opens a path, and waits for its heading. */
    async function open(path: string, view: View = desktop): Promise<Page> {
      watched = await openPage(browser, server.url, view);
      await watched.page.goto(server.url + path);
      await watched.page.waitForSelector('h1');
      return watched.page;
    }
    const loaded = (page: Page) => page.waitForFunction(() => document.querySelector('main .skels') === null);
    const focused = (page: Page) =>
      page.evaluate(() => document.activeElement?.getAttribute('data-index') ?? document.activeElement?.tagName);

    /** Pages and states, with what is done before each is inspected. */
    const states: Record<string, (view: View) => Promise<Page>> = {
      Now: (view) => open('/', view),
      'Now, quiet': (view) => {
        server.state.rows = [];
        return open('/', view);
      },
      Findings: (view) => open('/findings', view),
      'Findings, one beside': (view) => open(`/findings?sel=${id}`, view),
      'Findings, filtered': (view) =>
        open('/findings?level=high,critical&mode=live&q=shop&from=2020-01-01T00:00:00Z', view),
      'Findings, empty by filter': (view) => open('/findings?q=no-such-name', view),
      'Findings, empty': (view) => {
        server.state.rows = [];
        return open('/findings', view);
      },
      'Findings, loading': async (view) => {
        server.state.mode = 'hangs';
        const page = await open('/findings', view);
        await page.waitForTimeout(500);
        return page;
      },
      'Findings, paused': async (view) => {
        const page = await open('/findings', view);
        await page.getByRole('button', { name: /Pause|Live/ }).click();
        await page.waitForTimeout(600);
        server.send([rowOf(700, { age: 0 })]);
        await page.getByText('Paused · 1 new').waitFor();
        return page;
      },
      'Findings, disconnected': async (view) => {
        const page = await open('/findings', view);
        await page.waitForTimeout(400);
        server.drop(true);
        await page.getByText('The connection to the sidecar has been lost since').waitFor();
        return page;
      },
      'Findings, error': async (view) => {
        server.state.mode = 'fails';
        const page = await open('/findings', view);
        await page.getByText('server.draining').waitFor();
        return page;
      },
      'Findings, filters': async (view) => {
        const page = await open('/findings', view);
        await loaded(page);
        await page.keyboard.press('f');
        await page.getByRole('dialog').waitFor();
        return page;
      },
      Finding: (view) => open(`/findings/${id}`, view),
      'Finding, hostile': (view) => open(`/findings/${hostileRows[0]!.id}`, view),
      'Finding, not in the ring': (view) => open('/findings/0123456789', view),
      'Why not': (view) => open('/why-not', view),
      'Why not, answered': async (view) => {
        const page = await open(`/why-not?auditID=${rowOf(3).event!.auditID}`, view);
        await page.locator('.wn summary').nth(2).click();
        return page;
      },
      Rules: (view) => open('/rules', view),
      'Rules, ATT&CK': (view) => open('/rules?view=matrix&technique=T1611', view),
      Rule: (view) => open('/rules/pod-host-pid', view),
      Tune: (view) => open('/tune', view),
      'Tune, a proposal': (view) => open(`/tune?finding=${id}`, view),
      'Tune, a case fails': (view) => open(`/tune?finding=${id}&by=userAgent`, view),
      'Sign in': async (view) => {
        server.state.mode = 'asks';
        const page = await open('/', view);
        await page.getByRole('heading', { name: 'Sign in' }).waitFor();
        return page;
      },
      Keyboard: async (view) => {
        const page = await open('/', view);
        await loaded(page);
        await page.keyboard.press('?');
        await page.getByRole('dialog').waitFor();
        return page;
      },
      'No such page': (view) => open('/nowhere', view),
    };
    const views: View[] = [
      phone,
      { ...phone, colours: 'dark' },
      { ...desktop, colours: 'light' },
      desktop,
      { ...phone, width: 820 },
    ];

    describe.each(Object.entries(states))('%s', (name, show) => {
      test.each(views)('has no fault at $width pixels, $colours', async (view) => {
        const page = await show(view);
        if (name !== 'Findings, loading') await loaded(page);
        expect(await faults(page)).toEqual([]);
        // Nothing is wider than the page, which would scroll sideways.
        expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(view.width);
        expect(
          await page.evaluate(
            () => document.getElementById('main')!.scrollWidth - document.getElementById('main')!.clientWidth,
          ),
        ).toBe(0);
        expect(watched.wrongs).toEqual([]);
      });
    });

    describe('names that attackers chose', () => {
      test.each(['/', '/findings', `/findings/${hostileRows[0]!.id}`, '/why-not?auditID=x', '/tune'])(
        'are text on %s',
        async (path) => {
          server.state.rows = hostileRows;
          const page = await open(path);
          await loaded(page);
          expect(await page.locator('img, iframe, object, embed, [onload], [onerror]').count()).toBe(0);
          expect(await page.locator('script').count()).toBe(1);
          expect(await page.locator('a[href^="javascript:"]').count()).toBe(0);
          const links = await page
            .locator('a')
            .evaluateAll((all) => all.map((link) => (link as HTMLAnchorElement).origin));
          expect(new Set(links)).toEqual(new Set([server.url]));
          expect(watched.wrongs).toEqual([]);
        },
      );

      test('are shown unchanged, with invisible characters made visible', async () => {
        const page = await open('/findings');
        await loaded(page);
        const list = await page.locator('.rows').innerText();
        expect(list).toContain(hostile.html.slice(0, 40));
        expect(list).toContain('U+202E');
        // A chip is an element, so a name that reads like one has none.
        const row = page.locator('.frow', { hasText: 'sa shop:checkout' }).filter({ hasText: 'created pod sa' });
        expect(await row.locator('.sa').count()).toBe(0);
      });

      test('are cut in a heading, with their length', async () => {
        const long = hostileRows.find(({ event }) => event!.username === hostile.long)!;
        const page = await open(`/findings/${long.id}`);
        await loaded(page);
        expect(await page.locator('h1').innerText()).toContain('6,001 characters');
        expect((await page.locator('h1').innerText()).length).toBeLessThan(400);
        expect(await page.title()).toBe(`${long.id} · Tripline`.slice(0, 43));
      });
    });

    describe('keys', () => {
      test('move in the list, open, and come back', async () => {
        const page = await open('/findings');
        await loaded(page);
        for (const key of ['j', 'j', 'j', 'k']) await page.keyboard.press(key);
        expect(await focused(page)).toBe('1');
        await page.keyboard.press('End');
        expect(await focused(page)).toBe(String(ordinaryRows().length - 1));
        await page.keyboard.press('Home');
        expect(await focused(page)).toBe('0');
        await page.keyboard.press('ArrowDown');
        await page.keyboard.press('Enter');
        await page.waitForURL('**/findings/*');
        await page.waitForFunction(() => document.activeElement?.tagName === 'H1');
        await page.keyboard.press(']');
        await page.waitForURL(`**/findings/${ordinaryRows()[2]!.id}`);
        await page.keyboard.press('Escape');
        await page.waitForURL('**/findings?sel=*');
        await page.keyboard.press('g');
        await page.keyboard.press('w');
        await page.waitForURL('**/why-not');
        expect(await focused(page)).toBe('H1');
      });

      test('go to the search, which is part of the address, and are plain text there', async () => {
        const page = await open('/findings');
        await page.keyboard.press('/');
        await page.keyboard.type('profiling');
        await page.waitForURL('**/findings?q=profiling');
        await loaded(page);
        expect(await page.evaluate(() => history.length)).toBeLessThan(4);
        await page.waitForFunction(() => !document.querySelector('[aria-busy=true]'));
        expect(await page.locator('.rows .frow').count()).toBeGreaterThan(0);
      });

      test('can be switched off', async () => {
        const page = await open('/');
        await page.keyboard.press('?');
        await page.getByRole('checkbox').uncheck();
        await page.keyboard.press('Escape');
        await page.keyboard.press('g');
        await page.keyboard.press('r');
        await page.keyboard.press('?');
        expect(new URL(page.url()).pathname).toBe('/');
        expect(await page.getByRole('dialog').count()).toBe(0);
      });

      test('reach the whole list with one tab stop', async () => {
        const page = await open('/findings', phone);
        await loaded(page);
        expect(await page.locator('.rows [tabindex="0"]').count()).toBe(1);
        await page.getByRole('button', { name: /Filters/ }).focus();
        await page.keyboard.press('Tab');
        expect(await focused(page)).toBe('0');
      });
    });

    describe('the stream', () => {
      test('never moves the list: new findings wait until they are asked for', async () => {
        const page = await open('/findings');
        await loaded(page);
        await page.waitForTimeout(400);
        const first = await page.locator('.rows .frow').first().innerText();
        server.send([rowOf(801, { age: 0 }), rowOf(802, { age: 0 })]);
        await page.getByText('Show 2 new findings').waitFor();
        expect(await page.locator('.rows .frow').first().innerText()).toBe(first);
        expect(await page.locator('[role=status]').innerText()).toMatch(/^2 new findings, gravest/);
        await page.keyboard.press('n');
        await page.waitForFunction(
          (text) => document.querySelector<HTMLElement>('.rows .frow')?.innerText !== text,
          first,
        );
        expect(await page.locator('.grid').getAttribute('aria-rowcount')).toBe(String(server.state.rows.length + 1));
      });

      test('reconnects after it was lost', async () => {
        const page = await open('/findings');
        await loaded(page);
        await page.waitForTimeout(400);
        server.drop(true);
        await page.locator('[role=alert]', { hasText: 'lost' }).waitFor({ state: 'attached' });
        server.drop(false);
        await page.waitForFunction(() => document.querySelector('[role=alert]')?.textContent === '');
        await page.waitForTimeout(100);
        server.send([rowOf(803, { age: 0 })]);
        await page.getByText('Show 1 new finding').waitFor();
      });
    });

    test('filters are in the address, and going back undoes them', async () => {
      const page = await open('/findings');
      await loaded(page);
      await page.getByRole('checkbox', { name: 'high' }).check();
      await page.waitForURL('**/findings?level=high');
      await page.waitForFunction(() =>
        [...document.querySelectorAll('.rows .lv')].every((level) => level.textContent!.includes('high')),
      );
      await page.goBack();
      expect(new URL(page.url()).search).toBe('');
      await page.waitForFunction(() => !(document.querySelector('.facet input') as HTMLInputElement).checked);
    });

    test('a credential is asked for, kept for the tab, and sent', async () => {
      server.state.mode = 'asks';
      const page = await open('/findings');
      await page.getByLabel('Password or token').fill('wrong');
      await page.keyboard.press('Enter');
      await page.getByText('This credential opens nothing here').waitFor();
      await page.getByLabel('Password or token').fill('letmein');
      await page.keyboard.press('Enter');
      await page.locator('.rows .frow').first().waitFor();
      await page.reload();
      await page.locator('.rows .frow').first().waitFor();
      expect(await page.evaluate(() => [Object.values(localStorage).join(), document.cookie].join())).not.toContain(
        'letmein',
      );
      expect(watched.wrongs).toEqual([]);
    });

    test('pasted text is in no address', async () => {
      const page = await open('/why-not');
      await page.getByRole('textbox', { name: /One record/ }).fill('{"kind":"Event"}');
      await page.keyboard.press('Control+Enter');
      await page.getByText('The verdict is match.').waitFor();
      expect(page.url()).toBe(`${server.url}/why-not`);
    });

    test('10,000 findings make few nodes, and all of them can be reached', async () => {
      server.state.rows = rowsOf(10_000);
      const page = await open('/findings');
      await loaded(page);
      await page.locator('.rows .frow').first().click();
      await page.keyboard.press('End');
      await page.waitForFunction(() => document.querySelector('[data-index="9999"] .lv') !== null);
      expect(await focused(page)).toBe('9999');
      for (let turn = 0; turn < 10; turn++) await page.keyboard.press('PageUp');
      const nodes = await page.evaluate(() => document.querySelectorAll('*').length);
      expect(nodes).toBeLessThan(2500);
      expect(await page.locator('.grid').getAttribute('aria-rowcount')).toBe('10001');
    });

    test('an exception is saved as a file', async () => {
      const page = await open(`/tune?finding=${id}`);
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('button', { name: 'Save' }).click(),
      ]);
      expect(download.suggestedFilename()).toBe('profiling-agent.yml');
      expect(watched.wrongs).toEqual([]);
    });

    test('it is painted', async () => {
      const page = await open('/');
      const paint = await page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime);
      console.log(`First paint after ${Math.round(paint ?? 0)} ms`);
      expect(paint).toBeDefined();
    });
  });
