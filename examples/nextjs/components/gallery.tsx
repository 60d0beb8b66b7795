"use client";

import { type RefObject, useEffect, useEffectEvent, useRef } from "react";
import type { Image } from "@/lib/api";
import { PAGE_SIZE } from "@/lib/settings";
import { Icon } from "./icon";
import { Tile } from "./tile";

interface Props {
  images: Image[];
  /** There is nothing more to load. */
  complete: boolean;
  loading: boolean;
  /** Why the last page could not be loaded, as a message. */
  problem: string | null;
  onMore(): void;
  onOpen(image: Image): void;
  onDelete(image: Image): void;
  onBroken(image: Image): Promise<void>;
}

const ABOVE_THE_FOLD = 12;

export function Gallery({ images, complete, loading, problem, onMore, ...tile }: Props) {
  const list = useRef<HTMLUListElement>(null);
  useNearness(list, () => !problem && onMore());

  return (
    <section aria-label="Your pictures">
      {images.length === 0 && complete && <Empty />}
      <ul className="grid" ref={list}>
        {images.map((image, index) => (
          <li key={image.imageId}>
            <Tile image={image} eager={index < ABOVE_THE_FOLD} {...tile} />
          </li>
        ))}
        {!complete && !problem && <Slots from={images.length} />}
      </ul>
      <div className="end">
        {problem ? (
          <p className="notice" role="alert">
            {images.length ? "Could not load more pictures." : "Could not load your pictures."}{" "}
            {problem}
          </p>
        ) : null}
        {!complete && (
          <button type="button" onClick={onMore} disabled={loading}>
            {problem ? "Try again" : "Show more"}
          </button>
        )}
      </div>
    </section>
  );
}

/** Placeholders for the next page, so that its pictures shift nothing when they arrive. */
function Slots({ from }: { from: number }) {
  return Array.from({ length: PAGE_SIZE }, (_, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: a slot is identified by its position
    <li key={from + index} className="tile" data-slot aria-hidden />
  ));
}

function Empty() {
  return (
    <div className="empty">
      <Icon name="picture" />
      <h2>No pictures yet</h2>
      <p>Pictures you add appear here, newest first. Only you can see them.</p>
    </div>
  );
}

/** Calls `onNear` when the first empty slot, or the end, is about to scroll into view. */
function useNearness(list: RefObject<HTMLUListElement | null>, onNear: () => void): void {
  const near = useEffectEvent(onNear);
  useEffect(() => {
    const edge = list.current?.querySelector("[data-slot]") ?? list.current?.lastElementChild;
    if (!edge) return;
    const observer = new IntersectionObserver(
      ([entry]) => {
        if (entry?.isIntersecting) near();
      },
      { rootMargin: "600px" },
    );
    observer.observe(edge);
    return () => observer.disconnect();
  });
}
