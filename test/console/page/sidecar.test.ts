/** The page of a real sidecar, with an attack in its records, in a real Chromium (CHROMIUM). */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildPage } from '../../../scripts/console-page.ts';
import type { Findings } from '../../../src/console/api.ts';
import { type SidecarProcess, startSidecar } from '../../sidecar.ts';
import { desktop, faults, launch, openPage, phone, program } from './browser.ts';
import { plantedBatches } from './planted.ts';

if (program === undefined) test.skip('the page of a real sidecar: set CHROMIUM to the path of a browser', () => {});
else
  describe('the page of a real sidecar', () => {
    let browser: Browser;
    let sidecar: SidecarProcess;
    let found: Findings;

    const plant = (body: string) =>
      fetch(`${sidecar.url}/v1/records`, { method: 'POST', headers: { 'content-type': 'application/x-ndjson' }, body });

    beforeAll(async () => {
      await buildPage();
      [browser, sidecar] = await Promise.all([launch(), startSidecar()]);
      for (const body of plantedBatches(Date.now())) expect((await plant(body)).status).toBe(200);
      found = (await (await fetch(`${sidecar.url}/console/v1/findings?q=who:checkout`)).json()) as Findings;
      expect(found.total).toBeGreaterThan(10);
    });
    afterAll(async () => {
      await browser.close();
      await sidecar.stop();
    });

    const paths: [page: string, path: () => string, shows: string][] = [
      ['Now', () => '/', 'Look at these'],
      ['Findings', () => '/findings?q=who:checkout', 'to cluster-admin by'],
      ['Findings, a name with hidden marks', () => '/findings?q=who:eve*', 'nimda'],
      ['Finding', () => `/findings/${found.findings[0]!.id}`, 'shop:checkout'],
      ['Why not', () => `/why-not?auditID=${found.findings[0]!.event!.auditID}`, 'The verdict is match.'],
      ['Rules', () => '/rules', 'binding-cluster-admin'],
      ['Rules, ATT&CK', () => '/rules?view=matrix', 'Escape to Host'],
      ['Rule', () => '/rules/pod-host-pid', 'Host PID'],
      ['Tune', () => '/tune', 'Propose an exception'],
    ];
    test.each(paths)('%s shows what was found, and nothing goes wrong', async (_, path, shows) => {
      for (const view of [desktop, phone]) {
        const { page, wrongs } = await openPage(browser, sidecar.url, view);
        await page.goto(sidecar.url + path());
        await page.getByText(shows).first().waitFor();
        await page.waitForFunction(() => document.querySelector('main .skels') === null);
        expect(await faults(page)).toEqual([]);
        expect(wrongs).toEqual([]);
        await page.context().close();
      }
    });

    test('a new record is shown once it is asked for', async () => {
      const { page, wrongs } = await openPage(browser, sidecar.url, desktop);
      await page.goto(`${sidecar.url}/findings?rule=pod-host-pid`);
      await page.locator('.rows .frow').first().waitFor();
      await page.locator('.live.on').waitFor();
      await page.waitForTimeout(500);
      await plant(plantedBatches(Date.now() + 60_000).find((body) => body.includes('hostPID'))!);
      await page.getByText(/Show \d+ new finding/).waitFor();
      await page.keyboard.press('n');
      await page.getByText(/Show \d+ new finding/).waitFor({ state: 'detached' });
      expect(wrongs).toEqual([]);
    });
  });
