import { readFileSync } from "node:fs";
import { expect, test } from "@playwright/test";
import { dataOf, type Image, retryAfter } from "@/lib/api";
import { imageType } from "@/lib/image-type";
import { inWords } from "@/lib/problems";
import { DEFAULT_MAX_UPLOAD_BYTES, maxUploadBytes } from "@/lib/settings";
import { thumbnailLoader, tileSizes } from "@/lib/thumbnails";
import { merge, pauseMs } from "@/lib/use-images";

const HEADS: [string, string | null][] = [
  ["\xff\xd8\xff\xe0\0\x10JFIF", "image/jpeg"],
  ["\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "image/png"],
  ["RIFF\x24\0\0\0WEBPVP8 ", "image/webp"],
  ["GIF89a\x01\0", "image/gif"],
  ["\0\0\0\x20ftypavif\0\0\0\0", "image/avif"],
  ["\0\0\0\x20ftypmif1\0\0\0\0mif1avif", "image/avif"],
  ["\0\0\0\x18ftypheic\0\0\0\0", "image/heic"],
  ["\0\0\0\x18ftypmif1\0\0\0\0mif1heic", "image/heif"],
  ["II*\0\x08\0\0\0", "image/tiff"],
  ["MM\0*\0\0\0\x08", "image/tiff"],
  ["BM\x36\0\x0c\0\0\0\0\0", "image/bmp"],
  ["not a picture", null],
  ["BMW is a car", null],
  ["\0\0\0\x18ftypisom\0\0\0\0", null],
  ["<svg xmlns='http://www.w3.org/2000/svg'/>", null],
  ["", null],
];

for (const [head, type] of HEADS) {
  test(`${JSON.stringify(head.slice(0, 16))} is the start of ${type ?? "no supported format"}`, async () => {
    const file = new Blob([Uint8Array.from(head, (letter) => letter.charCodeAt(0))]);
    expect(await imageType(file)).toBe(type);
  });
}

for (const text of [undefined, "", " "]) {
  test(`MAX_UPLOAD_BYTES ${JSON.stringify(text)} is the default`, () => {
    expect(maxUploadBytes(text)).toBe(DEFAULT_MAX_UPLOAD_BYTES);
  });
}

for (const text of ["5GB", "1e6", "1.5", "-1", "0", "NaN"]) {
  test(`MAX_UPLOAD_BYTES ${text} is an error`, () => {
    expect(() => maxUploadBytes(text)).toThrow(`MAX_UPLOAD_BYTES is '${text}'`);
  });
}

test("MAX_UPLOAD_BYTES is in bytes", () => {
  expect(maxUploadBytes(" 6000000 ")).toBe(6_000_000);
});

function image(change: Partial<Image>): Image {
  return { imageId: "1", status: "done", thumbnails: [], ...change } as Image;
}

const thumbnails = [200, 400].map((width) => ({ width, url: `/${width}` })) as Image["thumbnails"];

test("the loader picks the smallest thumbnail that is wide enough, or the widest", () => {
  const load = thumbnailLoader(image({ thumbnails }));
  expect([100, 200, 201, 400, 800].map((width) => load({ src: "", width }))).toEqual([
    "/200",
    "/200",
    "/400",
    "/400",
    "/400",
  ]);
});

test("a wide picture needs more pixels for a square tile", () => {
  expect(tileSizes(image({ width: 3000, height: 2000 }), 200)).toBe("300px");
  expect(tileSizes(image({ width: 2000, height: 3000 }), 200)).toBe("200px");
  expect(tileSizes(image({ width: null, height: null }), 200)).toBe("200px");
});

test("images are merged newest first, each once", () => {
  const merged = merge(
    [image({ imageId: "2" })],
    [image({ imageId: "1" }), image({ imageId: "3" })],
  );
  expect(merged.map(({ imageId }) => imageId)).toEqual(["3", "2", "1"]);
  expect(merge(merged, merged)).toHaveLength(3);
});

test("a late response never returns an image to an earlier status", () => {
  for (const status of ["pending", "processing"] as const) {
    expect(merge([image({})], [image({ status })])[0]?.status).toBe("done");
  }
  expect(merge([image({ status: "processing" })], [image({})])[0]?.status).toBe("done");
});

test("every reason for which an image can fail has a message", () => {
  const schema = readFileSync(new URL("../../lib/api-schema.d.ts", import.meta.url), "utf8");
  const reasons = /error: \((.*?)\) \| null;/.exec(schema)?.[1]?.match(/\w+/g) ?? [];
  expect(reasons).toContain("corrupt_image");
  const unknown = inWords("no such code");
  expect(reasons.filter((reason) => inWords(reason) === unknown)).toEqual([]);
});

for (const [header, seconds] of [
  ["5", 5],
  ["0", 0],
  ["-3", 0],
  ["Wed, 21 Oct 2026 07:28:00 GMT", 0],
  [null, 0],
] as const) {
  test(`Retry-After ${header} asks for a pause of ${seconds} seconds`, () => {
    const headers = header === null ? {} : { "Retry-After": header };
    expect(retryAfter(new Response("{}", { headers }))).toBe(seconds);
  });
}

test("a request that was sent away pauses as long as the API asks", () => {
  expect(pauseMs(4, 30)).toBe(4_000);
});

test("immediate responses never follow each other without a pause", () => {
  expect(pauseMs(0, 30)).toBe(970);
  expect(pauseMs(0, 20_000)).toBe(0);
});

test("an error carries the time after which to ask again", async () => {
  const response = new Response("{}", { status: 429, headers: { "Retry-After": "10" } });
  const refused = dataOf(
    Promise.resolve({ error: { code: "too_many_uploads" } as never, response }),
  );
  await expect(refused).rejects.toMatchObject({ code: "too_many_uploads", retryAfter: 10 });
});
