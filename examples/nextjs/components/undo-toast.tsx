"use client";

import type { Image } from "@/lib/api";

interface Props {
  image: Image | null;
  onUndo(): void;
  /** The pointer or the focus is on the toast: it must not disappear. */
  onHold(held: boolean): void;
}

export function UndoToast({ image, onUndo, onHold }: Props) {
  if (!image) return null;
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the handlers only pause the timer
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
