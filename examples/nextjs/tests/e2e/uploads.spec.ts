import type { Page, Route } from "@playwright/test";
import { choose, drop, expect, expectPictures, signIn, test, tiles, uploadRow } from "./fixtures";
import { fragileCable } from "./fragile-cable";
import { painted, photos, type Upload } from "./pictures";
import { apiUrl, bucketOrigin, ports } from "./system";

const BUCKET = `${bucketOrigin}/**`;
const PLANS = `${apiUrl}/**/uploads/batch`;

function text(name: string, bytes: Buffer | string): Upload {
  return { name, mimeType: "image/jpeg", buffer: Buffer.from(bytes) };
}

async function onePicture(page: Page): Promise<Upload> {
  const [picture] = await painted(page, 1);
  if (!picture) throw new Error("nothing was painted");
  return picture;
}

/** Limit uploads to so many bytes per second. */
async function slowDown(page: Page, uploadThroughput: number): Promise<void> {
  const session = await page.context().newCDPSession(page);
  await session.send("Network.emulateNetworkConditions", {
    offline: false,
    latency: 0,
    downloadThroughput: -1,
    uploadThroughput,
  });
}

async function countRequests(page: Page, url: string): Promise<() => number> {
  let count = 0;
  await page.route(url, (route) => {
    if (route.request().method() === "POST") count += 1;
    return route.continue();
  });
  return () => count;
}

test("ten dropped photos become pictures without a reload", async ({ page, user }) => {
  await signIn(page, user);
  await expect(page.getByText("No pictures yet")).toBeVisible();
  const plans = await countRequests(page, PLANS);
  const files = await photos(page, 10);
  const bytes = files.reduce((sum, { buffer }) => sum + buffer.length, 0);
  await slowDown(page, bytes / 6); // six seconds for all
  const seen = new Set<number>();
  await page.exposeFunction("note", (progress: number) => seen.add(progress));
  await page.evaluate(() => {
    const note = () => {
      for (const bar of document.querySelectorAll("progress")) {
        // @ts-expect-error: exposed by the test
        window.note(bar.value);
      }
    };
    new MutationObserver(note).observe(document.body, { subtree: true, attributes: true });
  });

  await drop(page, files);

  await expect(page.getByRole("heading", { name: /Uploading \d+ of 10/ })).toBeVisible();
  await expectPictures(page, 10);
  await expect(page.getByRole("heading", { name: "Uploaded 10 of 10" })).toBeVisible();
  const between = [...seen].filter((progress) => progress > 0 && progress < 1);
  expect(between.length).toBeGreaterThan(10); // the bars moved
  expect(plans()).toBe(1); // one batch planned them all
});

test("a pasted picture is uploaded", async ({ page, user }) => {
  await signIn(page, user);
  const { buffer } = await onePicture(page);
  await page.evaluate((base64) => {
    const clipboardData = new DataTransfer();
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    clipboardData.items.add(new File([bytes], "pasted.jpg", { type: "image/jpeg" }));
    window.dispatchEvent(new ClipboardEvent("paste", { clipboardData }));
  }, buffer.toString("base64"));
  await expectPictures(page, 1);
});

test("an oversize file and a text file named .jpg are rejected before anything is sent", async ({
  page,
  user,
}) => {
  await signIn(page, user);
  const plans = await countRequests(page, PLANS);
  await choose(page, [
    text("huge.jpg", Buffer.alloc(6_000_001)),
    text("notes.jpg", "not a picture"),
  ]);
  await expect(uploadRow(page, "huge.jpg")).toContainText("This file is too large.");
  await expect(uploadRow(page, "notes.jpg")).toContainText(
    "This file is not a supported picture format.",
  );
  await expect(page.getByRole("button", { name: /Retry/ })).toHaveCount(0); // it would not help
  expect(plans()).toBe(0);
  await expect(tiles(page)).toHaveCount(0);
});

test("a damaged picture is shown as failed, with the reason", async ({ page, user }) => {
  await signIn(page, user);
  const { buffer } = await onePicture(page);
  await choose(page, [text("damaged.jpg", buffer.subarray(0, 400))]);
  await expect(tiles(page, "failed")).toContainText("This picture is damaged.");
});

test("a rejection by the API is shown as a message", async ({ page, user }) => {
  await signIn(page, user);
  await page.route(PLANS, (route) => {
    const body = route.request().postDataJSON();
    if (!body) return route.continue();
    for (const file of body.files) file.size = 6_000_001;
    return route.continue({ postData: body });
  });
  await choose(page, [await onePicture(page)]);
  await expect(uploadRow(page, "landscape-1.jpg")).toContainText("This file is too large.");
});

test("a rejection by storage is shown as a message", async ({ page, user }) => {
  await signIn(page, user);
  await page.route(PLANS, (route) => {
    const body = route.request().postDataJSON();
    if (!body) return route.continue();
    for (const file of body.files) file.size -= 1; // so the policy allows one byte less
    return route.continue({ postData: body });
  });
  const rejected = page.waitForResponse((response) => response.url().startsWith(bucketOrigin));
  await choose(page, [await onePicture(page)]);
  expect((await rejected).status()).toBe(400);
  await expect(uploadRow(page, "landscape-1.jpg")).toContainText("This file is too large.");
});

test("a canceled upload leaves nothing behind", async ({ page, user }) => {
  await signIn(page, user);
  await slowDown(page, 20_000);
  await choose(page, [await onePicture(page)]);
  await expect(tiles(page, "pending")).toHaveCount(1);
  await page.getByRole("button", { name: "Cancel landscape-1.jpg" }).click();
  await expect(tiles(page)).toHaveCount(0);
  await slowDown(page, -1);
  await page.reload();
  await expect(page.getByText("No pictures yet")).toBeVisible();
});

test("the network fails during the upload; retry sends the file", async ({ page, user }) => {
  await signIn(page, user);
  const plans = await countRequests(page, PLANS);
  const cable = await fragileCable(Number(ports.EMULATOR_PORT), 50_000);
  await page.route(BUCKET, (route) => {
    const request = route.request();
    const throughCable = { url: request.url().replace(ports.EMULATOR_PORT, cable.port) };
    return route.continue(request.method() === "POST" ? throughCable : {});
  });
  await choose(page, [await onePicture(page)]);
  const row = uploadRow(page, "landscape-1.jpg");
  await expect(row).toContainText("The connection was lost.");
  expect(cable.cuts()).toBe(3); // it had retried on its own
  cable.repair();
  await page.getByRole("button", { name: "Retry landscape-1.jpg" }).click();
  await expectPictures(page, 1);
  expect(plans()).toBeLessThanOrEqual(2); // the first target again, unless it expired meanwhile
  cable.close();
});

test("a short network failure is retried automatically", async ({ page, user }) => {
  await signIn(page, user);
  let failures = 0;
  const failOnce = (route: Route) => {
    if (route.request().method() !== "POST" || failures > 0) return route.fallback();
    failures += 1;
    return route.abort("connectionreset");
  };
  await page.route(BUCKET, failOnce);
  await choose(page, [await onePicture(page)]);
  await expectPictures(page, 1);
  expect(failures).toBe(1);
});

test("an upload whose target has expired gets a new one", async ({ page, user }) => {
  await signIn(page, user);
  const statuses: number[] = [];
  page.on("response", (response) => {
    const request = response.request();
    if (request.method() === "POST" && request.url().startsWith(bucketOrigin)) {
      statuses.push(response.status());
    }
  });
  let held = false;
  await page.route(BUCKET, async (route) => {
    if (route.request().method() === "POST" && !held) {
      held = true;
      await new Promise((resolve) => setTimeout(resolve, 16_500)); // UPLOAD_URL_SECONDS is 15
    }
    return route.continue();
  });
  await choose(page, [await onePicture(page)]);
  await expectPictures(page, 1);
  expect(statuses).toEqual([403, 201]);
  await expect(tiles(page)).toHaveCount(1); // the first plan is gone
});

test("Uppy uploads with the API's response", async ({ page, user }) => {
  await signIn(page, user);
  const picture = await onePicture(page);
  await page.getByRole("link", { name: "Uppy demo" }).click();
  await page.getByLabel("Choose pictures").setInputFiles([picture]);
  await expect(page.getByText("landscape-1.jpg: Sent")).toBeVisible();
  await page.getByRole("link", { name: "Pictures" }).click();
  await expectPictures(page, 1);
});
