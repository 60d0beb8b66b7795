import { statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "@playwright/test";
import {
  choose,
  expect,
  expectPictures,
  signIn,
  test,
  tiles,
  uploadElsewhere,
} from "../e2e/fixtures";
import { painted } from "../e2e/pictures";

/** The pictures in README.md, of painted landscapes. */
const IMAGES = fileURLToPath(new URL("../../../../docs/images/", import.meta.url));
const LARGEST_BYTES = 200_000;

async function capture(page: Page, name: string): Promise<void> {
  const path = `${IMAGES}${name}.jpg`;
  await page.screenshot({ path, type: "jpeg", quality: 82, animations: "disabled" });
  expect(statSync(path).size).toBeLessThan(LARGEST_BYTES);
}

test("the gallery while pictures are sent, on a desktop in light", async ({ page }) => {
  await page.setViewportSize({ width: 1200, height: 750 });
  await signIn(page, "ada");
  const pictures = await painted(page, 17, 1600);
  await uploadElsewhere(page, "ada", pictures.slice(3));
  await page.reload();
  await expectPictures(page, 14);
  const session = await page.context().newCDPSession(page);
  await session.send("Network.emulateNetworkConditions", {
    offline: false,
    latency: 0,
    downloadThroughput: -1,
    uploadThroughput: 150_000,
  });
  await choose(page, pictures.slice(0, 3));
  await expect(tiles(page, "pending")).toHaveCount(3);
  await expect(page.getByText(/[3-6]\d%/).first()).toBeVisible();
  await capture(page, "gallery-desktop-light");
});

async function onPhone(browser: Browser, baseURL: string | undefined): Promise<Page> {
  const context = await browser.newContext({
    ...(baseURL && { baseURL }),
    viewport: { width: 390, height: 780 },
    deviceScaleFactor: 2,
    hasTouch: true,
    isMobile: true,
    colorScheme: "dark",
  });
  return context.newPage();
}

test("the gallery on a phone in dark", async ({ browser, baseURL }) => {
  const page = await onPhone(browser, baseURL);
  await signIn(page, "grace");
  await uploadElsewhere(page, "grace", await painted(page, 8, 1600));
  await page.reload();
  await expectPictures(page, 8);
  await capture(page, "gallery-phone-dark");
  await page.context().close();
});
