"use client";

import { inWords } from "@/lib/problems";
import { isActive, type UploadItem } from "@/lib/uploads";
import { Icon } from "./icon";

interface Props {
  items: readonly UploadItem[];
  active: boolean;
  cancel(id: string): void;
  retry(id: string): void;
  clear(): void;
}

/** The list of uploads, in a corner above the page so that the page does not move. */
export function UploadDock({ items, active, cancel, retry, clear }: Props) {
  const wanted = items.filter((item) => item.state !== "canceled");
  const sent = wanted.filter((item) => item.state === "sent").length;
  const failed = wanted.filter((item) => item.state === "failed");
  const summary = active ? "Uploading" : "Uploaded";

  return (
    <section className="dock" aria-label="Uploads" hidden={items.length === 0}>
      <header>
        <h2>{`${summary} ${sent} of ${wanted.length}`}</h2>
        <button type="button" className="quiet" onClick={clear} disabled={active}>
          Clear
        </button>
      </header>
      <ul>
        {items.map((item) => (
          <UploadRow key={item.id} item={item} onCancel={cancel} onRetry={retry} />
        ))}
      </ul>
      {/* Announced on change: the end of the uploads and each failure, but not each percent. */}
      <p className="visually-hidden" role="status">
        {items.length > 0 && !active && `${summary} ${sent} of ${wanted.length}. `}
        {failed.map(({ file, error }) => `${file.name}: ${inWords(error?.code)}`).join(" ")}
      </p>
    </section>
  );
}

interface RowProps {
  item: UploadItem;
  onCancel(id: string): void;
  onRetry(id: string): void;
}

function UploadRow({ item, onCancel, onRetry }: RowProps) {
  const { id, file, state, progress, error } = item;
  const name = file.name;
  return (
    <li className="upload" data-state={state}>
      <span className="upload-name" title={name}>
        {name}
      </span>
      <span className="upload-note">{noteOf(item)}</span>
      {isActive(item) && (
        <button
          type="button"
          className="round"
          onClick={() => onCancel(id)}
          aria-label={`Cancel ${name}`}
        >
          <Icon name="close" />
        </button>
      )}
      {(state === "canceled" || (state === "failed" && !FINAL.has(error?.code ?? ""))) && (
        <button
          type="button"
          className="round"
          onClick={() => onRetry(id)}
          aria-label={`Retry ${name}`}
        >
          <Icon name="retry" />
        </button>
      )}
      {state === "sent" && <Icon name="done" />}
      <progress value={progress} aria-label={`Progress of ${name}`} />
    </li>
  );
}

/** The same file would fail the same way. */
const FINAL = new Set([
  "empty",
  "too_large",
  "file_too_large",
  "unsupported_content_type",
  "invalid_filename",
]);

function noteOf({ state, progress, error }: UploadItem): string {
  if (state === "sending") return `${Math.floor(progress * 100)}%`;
  if (state === "failed") return inWords(error?.code);
  return { waiting: "Waiting", sent: "Sent", canceled: "Canceled" }[state];
}
