import type { ImageLoader } from "next/image";
import type { Image } from "./api";

/**
 * A next/image loader that picks the smallest existing thumbnail that is wide enough. Private
 * pictures go from the bucket to the browser, never through the image optimizer.
 */
export function thumbnailLoader({ thumbnails }: Image): ImageLoader {
  return ({ src, width }) =>
    (thumbnails.find((thumbnail) => thumbnail.width >= width) ?? thumbnails.at(-1))?.url ?? src;
}

/** For `sizes`: a square tile shows the middle of a picture, so a wide one needs more pixels. */
export function tileSizes({ width, height }: Image, tilePixels: number): string {
  const aspect = width && height ? width / height : 1;
  return `${Math.round(tilePixels * Math.max(1, aspect))}px`;
}
