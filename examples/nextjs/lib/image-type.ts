/** What the API accepts: the order and content of `contract/formats.py`. */
const CONTENT_TYPES = [
  "image/jpeg",
  "image/png",
  "image/webp",
  "image/gif",
  "image/avif",
  "image/heic",
  "image/heif",
  "image/tiff",
  "image/bmp",
] as const;

export type ImageType = (typeof CONTENT_TYPES)[number];

/** For the `accept` attribute of a file input. */
export const ACCEPT = [...CONTENT_TYPES, ".heic", ".heif"].join(",");

const HEAD_BYTES = 32;

const SIGNATURES: [RegExp, ImageType][] = [
  [/^\xff\xd8\xff/s, "image/jpeg"],
  [/^\x89PNG\r\n/s, "image/png"],
  [/^RIFF.{4}WEBP/s, "image/webp"],
  [/^GIF8[79]a/s, "image/gif"],
  [/^.{4}ftypavi[fs]/s, "image/avif"],
  [/^.{4}ftyp(mif1|msf1).*avif/s, "image/avif"],
  [/^.{4}ftyp(hei[cxms]|hev[cxms])/s, "image/heic"],
  [/^.{4}ftyp(mif1|msf1)/s, "image/heif"],
  [/^(II\*\0|MM\0\*)/s, "image/tiff"],
  [/^BM.{4}\0\0\0\0/s, "image/bmp"],
];

/**
 * The content type of an image by its first bytes, null for everything that the API does not accept.
 * File names can be wrong, and browsers leave `File.type` empty for formats that the system does not know
 * (HEIC on most desktops).
 */
export async function imageType(file: Blob): Promise<ImageType | null> {
  const head = new Uint8Array(await file.slice(0, HEAD_BYTES).arrayBuffer());
  const text = String.fromCharCode(...head);
  return SIGNATURES.find(([signature]) => signature.test(text))?.[1] ?? null;
}
