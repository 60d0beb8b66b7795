import type { Page } from "@playwright/test";
import axe from "axe-core";
import { choose, expect, expectPictures, signIn, test, tiles, uploadElsewhere } from "./fixtures";
import { painted } from "./pictures";

/** Serious and critical violations of the page as it is, in light and dark. */
async function expectNoViolations(page: Page): Promise<void> {
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await page.evaluate(axe.source);
    const found = await page.evaluate(async () => {
      const { axe: tester } = window as unknown as { axe: typeof axe };
      const { violations } = await tester.run();
      return violations
        .filter(({ impact }) => impact === "serious" || impact === "critical")
        .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
    });
    expect(found, colorScheme).toEqual([]);
  }
}

test("the sign-in page has no serious violation", async ({ page }) => {
  await page.goto("/sign-in");
  await expectNoViolations(page);
  await page.goto("/sign-in?error=name");
  await expectNoViolations(page);
});

test("the gallery has none: empty, with pictures, uploads, failures and an undo button", async ({
  page,
  user,
}) => {
  await signIn(page, user);
  await expectNoViolations(page);
  const pictures = await painted(page, 3, 600);
  await uploadElsewhere(page, user, pictures);
  await page.reload();
  await expectPictures(page, 3);
  const damaged = Buffer.from(pictures[0]?.buffer.subarray(0, 400) ?? []);
  await choose(page, [
    { name: "damaged.jpg", mimeType: "image/jpeg", buffer: damaged },
    { name: "notes.jpg", mimeType: "image/jpeg", buffer: Buffer.from("not a picture") },
  ]);
  await expect(tiles(page, "failed")).toHaveCount(1);
  await page.getByRole("button", { name: "Delete landscape-1.jpg" }).click();
  await expect(page.getByRole("button", { name: "Undo" })).toBeVisible();
  await expectNoViolations(page);
});

test("the lightbox has none", async ({ page, user }) => {
  await signIn(page, user);
  await uploadElsewhere(page, user, await painted(page, 2, 600));
  await page.reload();
  await page
    .getByRole("button", { name: /^Open / })
    .first()
    .click();
  await expect(page.getByRole("dialog")).toBeVisible();
  await expectNoViolations(page);
});

test("the Uppy page and a missing page have none", async ({ page, user }) => {
  await signIn(page, user);
  await page.goto("/uppy");
  await expectNoViolations(page);
  await page.goto("/nothing-here");
  await expect(page.getByRole("heading", { name: "Page not found" })).toBeVisible();
  await expectNoViolations(page);
});

test("nothing is cut off on a phone", async ({ page, user }) => {
  await page.setViewportSize({ width: 360, height: 640 });
  await signIn(page, user);
  await uploadElsewhere(page, user, await painted(page, 1, 600));
  await page.reload();
  const overflow = () =>
    page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    );
  expect(await overflow()).toBe(0);
  await page.getByRole("button", { name: /^Open / }).click();
  await expect(page.getByRole("button", { name: "Close" })).toBeInViewport({ ratio: 1 });
});

test("everything can be reached by keyboard", async ({ page, user }) => {
  await signIn(page, user);
  await uploadElsewhere(page, user, await painted(page, 1, 300));
  await page.reload();
  const reached: string[] = [];
  await page.locator("body").focus();
  for (let step = 0; step < 9; step += 1) {
    await page.keyboard.press("Tab");
    reached.push(
      await page.evaluate(
        () =>
          document.activeElement?.getAttribute("aria-label") ??
          document.activeElement?.textContent ??
          "",
      ),
    );
  }
  for (const name of [
    "Choose pictures",
    "Open landscape-1.jpg",
    "Delete landscape-1.jpg",
    "Sign out",
  ]) {
    expect(reached).toContain(name);
  }
});
