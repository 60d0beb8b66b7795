"use client";

import type { Image } from "@/lib/api";

interface Props {
  image: Image | null;
  onUndo(): void;
  /** Pointer or focus is on the offer: it must not go away. */
  onHold(held: boolean): void;
}

export function UndoToast({ image, onUndo, onHold }: Props) {
  if (!image) return null;
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the handlers only stop the clock
    <div
      className="toast"
      onPointerEnter={() => onHold(true)}
      onPointerLeave={() => onHold(false)}
      onFocus={() => onHold(true)}
      onBlur={() => onHold(false)}
    >
      <span>Picture deleted</span>
      <button type="button" className="quiet" onClick={onUndo}>
        Undo
      </button>
    </div>
  );
}
