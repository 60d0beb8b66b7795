/** Images per page of the listing. */
export const PAGE_SIZE = 30;

/** Bytes; the API's default of MAX_UPLOAD_BYTES. */
export const DEFAULT_MAX_UPLOAD_BYTES = 50_000_000;

/** Bytes. Blank stands for the default; throws an error if the text is not a whole number. */
export function maxUploadBytes(text = ""): number {
  const value = text.trim();
  if (value === "") return DEFAULT_MAX_UPLOAD_BYTES;
  if (!/^[1-9][0-9]{0,9}$/.test(value)) {
    throw new Error(`MAX_UPLOAD_BYTES is '${value}': it must be a whole number of bytes`);
  }
  return Number(value);
}
