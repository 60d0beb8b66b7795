import { apiToken, expect, signIn, test } from "./fixtures";
import { apiUrl, bucketOrigin } from "./system";

test("the gallery redirects to the sign-in page without a session", async ({ page }) => {
  await page.goto("/");
  await expect(page).toHaveURL(/\/sign-in$/);
});

test("an invalid name is rejected with a message", async ({ page }) => {
  await page.goto("/sign-in");
  const name = page.getByLabel("Name");
  await name.evaluate((input) => input.removeAttribute("pattern"));
  await name.fill("no spaces allowed");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.locator("[role=alert]", { hasText: "Invalid name" })).toBeVisible();
});

test("signing out ends the session", async ({ page, user }) => {
  await signIn(page, user);
  await page.getByRole("button", { name: "Sign out" }).click();
  await expect(page).toHaveURL(/\/sign-in$/);
  expect((await page.request.get("/api/token")).status()).toBe(401);
});

test("the API accepts the user's token for the user's images and nothing else", async ({
  page,
  user,
}) => {
  await signIn(page, user);
  const token = await apiToken(page);
  const list = async (of: string, headers: Record<string, string>) =>
    (await page.request.get(`${apiUrl}/users/${of}/images`, { headers })).status();
  const bearer = (value: string) => ({ Authorization: `Bearer ${value}` });
  const [header, , signature] = token.split(".");
  const claims = { sub: "somebody", iss: "http://localhost:3100", aud: "thumbline", exp: 9e9 };
  const forged = [header, Buffer.from(JSON.stringify(claims)).toString("base64url"), signature];

  expect(await list(user, bearer(token))).toBe(200);
  expect(await list("somebody", bearer(token))).toBe(403);
  expect(await list("somebody", bearer(forged.join(".")))).toBe(401);
  expect(await list(user, {})).toBe(401);
});

test("the key that signs tokens is published without its private part", async ({ page }) => {
  const { keys } = await (await page.request.get("/.well-known/jwks.json")).json();
  expect(keys).toHaveLength(1);
  expect(Object.keys(keys[0]).sort()).toEqual(["alg", "crv", "kid", "kty", "use", "x", "y"]);
});

test("the Content-Security-Policy names the bucket, the API and no other origin", async ({
  page,
}) => {
  const policy = (await page.request.get("/sign-in")).headers()["content-security-policy"] ?? "";
  const origins = new Set(policy.match(/https?:\/\/[^\s;]+/g));
  expect([...origins].sort()).toEqual([bucketOrigin, apiUrl].sort());
  expect(policy).toContain("default-src 'none'");
  expect(policy).not.toMatch(/script-src[^;]*unsafe/);
});

test("the image optimizer rejects pictures of the bucket", async ({ page }) => {
  const url = encodeURIComponent(`${bucketOrigin}/bucket/thumbnails/200/cat.jpg`);
  expect((await page.request.get(`/_next/image?url=${url}&w=200&q=75`)).status()).toBe(400);
});
