"use client";

import { useEffect, useState, useSyncExternalStore } from "react";
import { isActive, Uploader, type UploaderOptions } from "./uploads";

/** The upload queue of a component. `options` are read once, on the first render. */
export function useUploads<Image>(options: UploaderOptions<Image>) {
  const [uploader] = useState(() => new Uploader(options));
  const items = useSyncExternalStore(uploader.subscribe, uploader.items, uploader.items);
  const active = items.some(isActive);

  useEffect(() => {
    if (!active) return;
    const warn = (event: BeforeUnloadEvent) => event.preventDefault();
    addEventListener("beforeunload", warn);
    return () => removeEventListener("beforeunload", warn);
  }, [active]);

  const { add, cancel, retry, clear } = uploader;
  return { items, active, add, cancel, retry, clear };
}
