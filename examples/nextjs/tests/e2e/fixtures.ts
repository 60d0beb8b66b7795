import { test as base, expect, type Page } from "@playwright/test";
import type { Upload } from "./pictures";
import { apiUrl, bucketOrigin } from "./system";

interface Fixtures {
  /** A name that no other test signs in with. */
  user: string;
  /** What went wrong on the page unnoticed: must stay empty. */
  mishaps: string[];
}

export const test = base.extend<Fixtures>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the parameter's form
  user: async ({}, use, { testId, retry }) => use(`user-${testId.slice(-12)}-${retry}`),

  mishaps: [
    async ({ page, baseURL }, use) => {
      const mishaps: string[] = [];
      const ours = [baseURL ?? "", apiUrl, bucketOrigin, "data:", "blob:"];
      page.on("pageerror", (error) => mishaps.push(`error: ${error.message}`));
      page.on("console", (message) => {
        if (/Content.Security.Policy|hydrat/i.test(message.text())) mishaps.push(message.text());
      });
      page.on("request", (request) => {
        const url = request.url();
        if (!ours.some((origin) => url.startsWith(origin))) mishaps.push(`foreign: ${url}`);
        if (url.includes("/_next/image")) mishaps.push(`through the optimizer: ${url}`);
      });
      await use(mishaps);
      expect(mishaps).toEqual([]);
    },
    { auto: true },
  ],
});

export { expect };

export async function signIn(page: Page, user: string): Promise<void> {
  await page.goto("/sign-in");
  await page.getByLabel("Name").fill(user);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("button", { name: "Choose pictures" })).toBeVisible();
}

export async function choose(page: Page, files: Upload[]): Promise<void> {
  await page.locator("input[multiple]").setInputFiles(files);
}

/** As a file manager does it: drag over the page, then release. */
export async function drop(page: Page, files: Upload[]): Promise<void> {
  const data = await page.evaluateHandle(
    (encoded) => {
      const transfer = new DataTransfer();
      for (const { name, mimeType, base64 } of encoded) {
        const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
        transfer.items.add(new File([bytes], name, { type: mimeType }));
      }
      return transfer;
    },
    files.map(({ name, mimeType, buffer }) => ({
      name,
      mimeType,
      base64: buffer.toString("base64"),
    })),
  );
  for (const type of ["dragenter", "dragover", "drop"]) {
    await page.dispatchEvent("body", type, { dataTransfer: data });
  }
}

export const tiles = (page: Page, status = "") =>
  page.locator(status ? `.tile[data-status="${status}"]` : "article.tile");

export const uploadRow = (page: Page, name: string) =>
  page.getByRole("region", { name: "Uploads" }).getByRole("listitem").filter({ hasText: name });

/** Waits until all tiles have a picture that the browser has decoded. */
export async function expectPictures(page: Page, count: number): Promise<void> {
  await expect(tiles(page, "done")).toHaveCount(count, { timeout: 45_000 });
  const shown = () =>
    page
      .locator(".tile img")
      .evaluateAll(
        (images) => images.filter((image) => (image as HTMLImageElement).naturalWidth > 1).length,
      );
  await expect.poll(shown).toBe(count);
}

/** A bearer token of whoever is signed in on the page. */
export async function apiToken(page: Page): Promise<string> {
  const response = await page.request.get("/api/token");
  return (await response.json()).token;
}

/** Upload without the page, as another device of the user would. */
export async function uploadElsewhere(page: Page, user: string, files: Upload[]): Promise<void> {
  const headers = { Authorization: `Bearer ${await apiToken(page)}` };
  const planned = await page.request.post(`${apiUrl}/users/${user}/uploads/batch`, {
    headers,
    data: {
      files: files.map(({ name, mimeType, buffer }) => ({
        filename: name,
        contentType: mimeType,
        size: buffer.length,
      })),
    },
  });
  expect(planned.status()).toBe(201);
  const { items } = await planned.json();
  for (const [index, { upload }] of items.entries()) {
    const file = files[index];
    if (!file) throw new Error("more plans than files");
    const sent = await page.request.post(upload.url, { multipart: { ...upload.fields, file } });
    expect(sent.ok()).toBe(true);
  }
  for (const { image } of items) {
    const url = `${apiUrl}/users/${user}/images/${image.imageId}?wait=20`;
    expect((await (await page.request.get(url, { headers })).json()).status).toBe("done");
  }
}
