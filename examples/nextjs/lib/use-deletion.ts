"use client";

import { useCallback, useEffect, useRef, useState } from "react";
import type { Image } from "./api";

export const UNDO_MS = 8_000;

/**
 * Deletion with time to undo: the image is hidden at once, and deleted when the time is up, another
 * image is deleted, or the user leaves the page.
 */
export function useDeletion(destroy: (image: Image) => Promise<void>) {
  const [hidden, setHidden] = useState<readonly Image[]>([]);
  const [undoable, setUndoable] = useState<Image | null>(null);
  const [held, setHeld] = useState(false); // while the pointer or the focus is on the toast
  const pending = useRef<Image>(null);

  const show = useCallback(
    (image: Image) => setHidden((images) => images.filter((other) => other !== image)),
    [],
  );

  const settle = useCallback(() => {
    const image = pending.current;
    pending.current = null;
    setUndoable(null);
    setHeld(false);
    if (image) destroy(image).finally(() => show(image));
  }, [destroy, show]);

  const remove = useCallback(
    (image: Image) => {
      settle();
      pending.current = image;
      setUndoable(image);
      setHidden((images) => [...images, image]);
    },
    [settle],
  );

  const undo = useCallback(() => {
    const image = pending.current;
    pending.current = null;
    setUndoable(null);
    if (image) show(image);
  }, [show]);

  useEffect(() => {
    if (!undoable || held) return;
    const timer = setTimeout(settle, UNDO_MS);
    return () => clearTimeout(timer);
  }, [undoable, held, settle]);

  useEffect(() => {
    addEventListener("pagehide", settle);
    return () => removeEventListener("pagehide", settle);
  }, [settle]);

  const isHidden = (image: Image) => hidden.some((other) => other.imageId === image.imageId);
  return { isHidden, undoable, remove, undo, hold: setHeld };
}
