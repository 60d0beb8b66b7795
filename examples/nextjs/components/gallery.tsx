"use client";

import { useEffect, useEffectEvent, useRef } from "react";
import type { Image } from "@/lib/api";
import { Icon } from "./icon";
import { Tile } from "./tile";

interface Props {
  images: Image[];
  /** Nothing more to load. */
  complete: boolean;
  loading: boolean;
  /** Why the last page did not come, in words. */
  problem: string | null;
  onMore(): void;
  onOpen(image: Image): void;
  onDelete(image: Image): void;
  onBroken(image: Image): Promise<void>;
}

const ABOVE_THE_FOLD = 12;

export function Gallery({ images, complete, loading, problem, onMore, ...tile }: Props) {
  const end = useRef<HTMLDivElement>(null);
  useNearness(end, () => !problem && onMore());

  return (
    <section aria-label="Your pictures">
      {images.length === 0 && complete && <Empty />}
      <ul className="grid">
        {images.map((image, index) => (
          <li key={image.imageId}>
            <Tile image={image} eager={index < ABOVE_THE_FOLD} {...tile} />
          </li>
        ))}
      </ul>
      <div className="end" ref={end}>
        {problem ? (
          <p className="notice" role="alert">
            {images.length
              ? "More pictures could not be loaded."
              : "Your pictures could not be loaded."}{" "}
            {problem}
          </p>
        ) : null}
        {!complete && (
          <button type="button" onClick={onMore} disabled={loading}>
            {problem ? "Try again" : loading ? "Loading" : "Show more"}
          </button>
        )}
      </div>
    </section>
  );
}

function Empty() {
  return (
    <div className="empty">
      <Icon name="picture" />
      <h2>No pictures yet</h2>
      <p>Those that you add appear here, newest first. Only you can see them.</p>
    </div>
  );
}

/** Calls `onNear` when the element is about to scroll into view, and again while it stays there. */
function useNearness(element: React.RefObject<HTMLElement | null>, onNear: () => void): void {
  const near = useEffectEvent(onNear);
  useEffect(() => {
    if (!element.current) return;
    const observer = new IntersectionObserver(
      ([entry]) => {
        if (entry?.isIntersecting) near();
      },
      { rootMargin: "600px" },
    );
    observer.observe(element.current);
    return () => observer.disconnect();
  });
}
