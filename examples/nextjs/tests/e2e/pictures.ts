import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Page } from "@playwright/test";

export interface Upload {
  name: string;
  mimeType: string;
  buffer: Buffer;
}

const CORPUS =
  process.env.CORPUS ?? fileURLToPath(new URL("../../../../../shared/corpus", import.meta.url));
const PHOTOS = /^(jpg0|orient_|prog06|png_fox|gif_|webp12|jpg22).*\.(jpe?g|png|webp|gif)$/;
const TYPES = { jpg: "image/jpeg", png: "image/png", webp: "image/webp", gif: "image/gif" };

/** Real photos where there is a folder of them (CORPUS), painted ones otherwise. */
export async function photos(page: Page, count: number): Promise<Upload[]> {
  const names = existsSync(CORPUS) ? readdirSync(CORPUS).filter((name) => PHOTOS.test(name)) : [];
  if (names.length < count) return painted(page, count);
  return names.slice(0, count).map((name) => ({
    name,
    mimeType: TYPES[name.split(".").at(-1) as keyof typeof TYPES],
    buffer: readFileSync(`${CORPUS}/${name}`),
  }));
}

/** Landscapes painted on a canvas in the browser: 2400 pixels wide or high, different each. */
export async function painted(page: Page, count: number, longSide = 2400): Promise<Upload[]> {
  const urls = await page.evaluate(paint, { count, longSide });
  return urls.map((url, index) => ({
    name: `landscape-${index + 1}.jpg`,
    mimeType: "image/jpeg",
    buffer: Buffer.from(url.split(",")[1] ?? "", "base64"),
  }));
}

/** Runs in the browser. */
function paint({ count, longSide }: { count: number; longSide: number }): string[] {
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d");
  if (!context) throw new Error("no canvas");
  let state = 7;
  const random = () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
  return Array.from({ length: count }, (_, index) => {
    const portrait = index % 4 === 3;
    const width = portrait ? longSide * 0.75 : longSide;
    const height = portrait ? longSide : longSide * 0.67;
    canvas.width = Math.round(width);
    canvas.height = Math.round(height);
    const hue = Math.round((index * 137.5 + 20) % 360);
    const sky = context.createLinearGradient(0, 0, 0, height);
    sky.addColorStop(0, `hsl(${hue} 65% 42%)`);
    sky.addColorStop(0.7, `hsl(${(hue + 40) % 360} 80% 78%)`);
    context.fillStyle = sky;
    context.fillRect(0, 0, width, height);
    const sunX = width * (0.2 + 0.6 * random());
    const sunY = height * (0.25 + 0.2 * random());
    const glow = context.createRadialGradient(sunX, sunY, 0, sunX, sunY, width * 0.3);
    glow.addColorStop(0, "hsl(45 100% 92%)");
    glow.addColorStop(0.16, "hsl(45 100% 88% / 90%)");
    glow.addColorStop(0.2, "hsl(45 100% 85% / 35%)");
    glow.addColorStop(1, "hsl(45 100% 85% / 0%)");
    context.fillStyle = glow;
    context.fillRect(0, 0, width, height);
    for (let ridge = 0; ridge < 5; ridge += 1) {
      const base = height * (0.5 + ridge * 0.11);
      const phase = random() * 9;
      const steep = (0.14 - ridge * 0.018) * height;
      context.fillStyle = `hsl(${(hue + 200 + ridge * 9) % 360} ${26 + ridge * 5}% ${58 - ridge * 11}%)`;
      context.beginPath();
      context.moveTo(0, height);
      for (let x = 0; x <= width; x += 8) {
        const t = (x / width) * (4 + ridge) + phase;
        const y = Math.sin(t) * 0.6 + Math.sin(t * 2.7 + ridge) * 0.3 + Math.sin(t * 9) * 0.06;
        context.lineTo(x, base - y * steep);
      }
      context.lineTo(width, height);
      context.fill();
    }
    for (let grain = 0; grain < longSide * 20; grain += 1) {
      context.fillStyle = `hsl(${hue} 30% ${random() * 100}% / 8%)`;
      context.fillRect(random() * width, random() * height, 3, 3);
    }
    return canvas.toDataURL("image/jpeg", 0.85);
  });
}
