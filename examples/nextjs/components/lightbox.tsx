"use client";

import Picture from "next/image";
import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import type { Image } from "@/lib/api";
import { Icon } from "./icon";

interface Props {
  images: Image[];
  openId: string | null;
  onOpen(imageId: string | null): void;
  onDelete(image: Image): void;
}

/** Shows one picture in a dialog; the arrow keys move to the next one, Escape closes. */
export function Lightbox({ images, openId, onOpen, onDelete }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const done = images.filter((image) => image.status === "done");
  const index = done.findIndex((image) => image.imageId === openId);
  const image = done[index];
  const isOpen = image !== undefined;

  useEffect(() => {
    if (isOpen) dialog.current?.showModal();
    else dialog.current?.close();
  }, [isOpen]);

  const go = (by: number) => {
    const next = done[index + by];
    if (next) onOpen(next.imageId);
  };
  const onKeyDown = ({ key }: KeyboardEvent) => {
    if (key === "ArrowLeft") go(-1);
    if (key === "ArrowRight") go(1);
  };

  return (
    <dialog
      ref={dialog}
      className="lightbox"
      aria-label={image?.filename ?? "Picture"}
      onClose={() => onOpen(null)}
      onKeyDown={onKeyDown}
    >
      {image && (
        <>
          <Original key={image.imageId} image={image} />
          <footer>
            <button
              type="button"
              className="round"
              onClick={() => go(-1)}
              aria-disabled={index === 0}
              aria-label="Newer picture"
            >
              <Icon name="left" />
            </button>
            <p>
              <strong>{image.filename}</strong> {image.width} × {image.height}
            </p>
            <button
              type="button"
              className="round"
              onClick={() => go(1)}
              aria-disabled={index === done.length - 1}
              aria-label="Older picture"
            >
              <Icon name="right" />
            </button>
            <button
              type="button"
              className="round"
              onClick={() => onDelete(image)}
              aria-label={`Delete ${image.filename}`}
            >
              <Icon name="trash" />
            </button>
            <button type="button" className="round" onClick={() => onOpen(null)} aria-label="Close">
              <Icon name="close" />
            </button>
          </footer>
        </>
      )}
    </dialog>
  );
}

/** The original, or the largest thumbnail if the browser cannot show its format (HEIC, TIFF). */
function Original({ image }: { image: Image }) {
  const [shown, setShown] = useState(true);
  const thumbnail = image.thumbnails.at(-1)?.url;
  const src = (shown && image.originalUrl) || thumbnail;
  return src ? (
    <Picture
      unoptimized
      src={src}
      alt={image.filename ?? "Picture"}
      width={image.width ?? 1}
      height={image.height ?? 1}
      onError={() => setShown(false)}
      style={{ backgroundImage: `url("${thumbnail}")` }}
    />
  ) : null;
}
