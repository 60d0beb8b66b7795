"use client";

import Picture from "next/image";
import { useState } from "react";
import type { Image } from "@/lib/api";
import { inWords } from "@/lib/problems";
import { thumbnailLoader, tileSizes } from "@/lib/thumbnails";
import { Icon } from "./icon";

interface Props {
  image: Image;
  eager: boolean;
  onOpen(image: Image): void;
  onDelete(image: Image): void;
  /** The picture's URL no longer works. */
  onBroken(image: Image): Promise<void>;
}

const TILE_PIXELS = 200; // about the width of a column in `.grid`, in CSS pixels

export function Tile({ image, eager, onOpen, onDelete, onBroken }: Props) {
  const name = image.filename ?? "Picture";
  return (
    <article className="tile" data-status={image.status}>
      {image.status === "done" ? (
        <button
          type="button"
          className="open"
          onClick={() => onOpen(image)}
          aria-label={`Open ${name}`}
        >
          <Thumbnail key={image.urlExpiresAt} image={image} eager={eager} onBroken={onBroken} />
        </button>
      ) : (
        <Unfinished image={image} name={name} />
      )}
      {image.status !== "pending" && (
        <button
          type="button"
          className="round delete"
          onClick={() => onDelete(image)}
          aria-label={`Delete ${name}`}
        >
          <Icon name="trash" />
        </button>
      )}
    </article>
  );
}

function Thumbnail({ image, eager, onBroken }: Pick<Props, "image" | "eager" | "onBroken">) {
  const [round, setRound] = useState(0); // 0: URLs as listed; 1: with new URLs
  return (
    <Picture
      key={round}
      src={image.originalKey ?? image.imageId}
      loader={thumbnailLoader(image)}
      alt=""
      width={image.width ?? 1}
      height={image.height ?? 1}
      sizes={tileSizes(image, TILE_PIXELS)}
      loading={eager ? "eager" : "lazy"}
      onError={() =>
        round === 0 &&
        onBroken(image).then(
          () => setRound(1),
          () => {},
        )
      }
      {...(image.placeholder && { placeholder: "blur", blurDataURL: image.placeholder })}
    />
  );
}

function Unfinished({ image, name }: { image: Image; name: string }) {
  const failed = image.status === "failed";
  return (
    <div className="unfinished">
      {failed && <Icon name="alert" />}
      <p className="tile-name">{name}</p>
      <p>
        {failed ? inWords(image.error) : image.status === "pending" ? "Uploading" : "Processing"}
      </p>
    </div>
  );
}
