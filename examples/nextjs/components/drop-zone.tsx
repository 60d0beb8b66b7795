"use client";

import { type ChangeEvent, useEffect, useEffectEvent, useRef, useState } from "react";
import { ACCEPT } from "@/lib/image-type";

interface Props {
  onFiles(files: Iterable<File>): void;
}

/** Accepts pictures that are dropped on the page, pasted, chosen, or taken with a phone's camera. */
export function DropZone({ onFiles }: Props) {
  const chooser = useRef<HTMLInputElement>(null);
  const camera = useRef<HTMLInputElement>(null);
  const dragging = useDroppedFiles(onFiles);
  const onChange = ({ target }: ChangeEvent<HTMLInputElement>) => {
    onFiles(target.files ?? []);
    target.value = ""; // so that the same file can be chosen again
  };

  return (
    <section className="drop-zone" aria-label="Add pictures">
      <p className="drop-hint">Drop pictures anywhere, paste them, or</p>
      <div className="drop-actions">
        <button type="button" className="primary" onClick={() => chooser.current?.click()}>
          Choose pictures
        </button>
        <button type="button" className="on-touch" onClick={() => camera.current?.click()}>
          Take a photo
        </button>
      </div>
      <input ref={chooser} type="file" accept={ACCEPT} multiple hidden onChange={onChange} />
      <input ref={camera} type="file" accept="image/*" capture hidden onChange={onChange} />
      <div className="drop-target" data-active={dragging} aria-hidden>
        Drop to upload
      </div>
    </section>
  );
}

/** Listens on the whole window; true while files are dragged over it. */
function useDroppedFiles(onFiles: (files: Iterable<File>) => void): boolean {
  const [dragging, setDragging] = useState(false);
  const onData = useEffectEvent((data: DataTransfer | null, event: Event) => {
    if (!data || data.files.length === 0) return;
    event.preventDefault();
    onFiles(data.files);
  });

  useEffect(() => {
    const controller = new AbortController();
    const { signal } = controller;
    let depth = 0; // enter and leave fire for every element under the pointer
    const move = (event: DragEvent, by: number) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      depth += by;
      setDragging(depth > 0);
    };
    addEventListener("dragenter", (event) => move(event, 1), { signal });
    addEventListener("dragover", (event) => move(event, 0), { signal });
    addEventListener("dragleave", (event) => move(event, -1), { signal });
    addEventListener(
      "drop",
      (event) => {
        move(event, -depth);
        onData(event.dataTransfer, event);
      },
      { signal },
    );
    addEventListener("paste", (event) => onData(event.clipboardData, event), { signal });
    return () => controller.abort();
  }, []);

  return dragging;
}
