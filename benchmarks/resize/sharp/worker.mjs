// One request per line on stdin, {path, mode, widths, raw?}; one response per line on stdout.
// mode 1: 200 made from a raw 400, sharp's best case. mode 2: one resize per width, as people write it.
import { readFileSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import sharp from "sharp";

sharp.cache(false);

const encoded = (image, transparent) =>
  transparent ? image.webp({ quality: 80 }) : image.jpeg({ quality: 80 });

async function once(data, transparent, widths) {
  const [first, ...rest] = widths;
  const { data: raw, info } = await sharp(data)
    .rotate()
    .resize(first, undefined, { withoutEnlargement: true })
    .toColourspace("srgb")
    .raw()
    .toBuffer({ resolveWithObject: true });
  const size = { width: info.width, height: info.height, channels: info.channels };
  const files = [await encoded(sharp(raw, { raw: size }), transparent).toBuffer()];
  for (const width of rest) {
    const smaller = sharp(raw, { raw: size }).resize(width, undefined, { withoutEnlargement: true });
    files.push(await encoded(smaller, transparent).toBuffer());
  }
  return files;
}

async function each(data, transparent, widths) {
  const files = [];
  for (const width of widths) {
    const image = sharp(data).rotate().resize(width, undefined, { withoutEnlargement: true });
    files.push(await encoded(image, transparent).toBuffer());
  }
  return files;
}

async function pixels({ path, widths, raw }) {
  for (const width of widths) {
    const { data, info } = await sharp(readFileSync(path))
      .rotate()
      .resize(width, undefined, { withoutEnlargement: true })
      .flatten({ background: "#ffffff" })
      .toColourspace("srgb")
      .raw()
      .toBuffer({ resolveWithObject: true });
    writeFileSync(`${raw}.${width}`, data);
    writeFileSync(`${raw}.${width}.json`, JSON.stringify(info));
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  try {
    const response = {};
    if (request.raw) await pixels(request);
    else {
      const data = readFileSync(request.path);
      const start = process.cpuUsage();
      const run = request.mode === 1 ? once : each;
      const files = await run(data, request.transparent, request.widths);
      const used = process.cpuUsage(start);
      response.cpu = (used.user + used.system) / 1e6;
      response.bytes = files.map((file) => file.length);
      response.rss = process.resourceUsage().maxRSS * 1024;
    }
    console.log(JSON.stringify(response));
  } catch (error) {
    console.log(JSON.stringify({ error: String(error) }));
  }
}
