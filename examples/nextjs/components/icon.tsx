const PATHS = {
  close: "M5 5l10 10M15 5L5 15",
  left: "M12 4l-6 6 6 6",
  right: "M8 4l6 6-6 6",
  retry: "M15.5 9A6 6 0 1 0 15 13M15.5 4v5h-5",
  trash: "M4 6h12M8 6V4h4v2M6 6l.7 10h6.6L14 6",
  done: "M4 10.5l4 4 8-9",
  alert: "M10 5v6M10 14.2v.3",
  picture: "M3 4.5h14v11H3zM3 13l4-4 3.5 3.5L13 10l4 4M13 7.5v.1",
};

/** Decorative: the surrounding button has the accessible name. */
export function Icon({ name }: { name: keyof typeof PATHS }) {
  return (
    <svg className="icon" viewBox="0 0 20 20" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
