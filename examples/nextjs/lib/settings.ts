/** Images per page of the listing. */
export const PAGE_SIZE = 30;

/** Bytes; the API's default of MAX_UPLOAD_BYTES. */
export const DEFAULT_MAX_UPLOAD_BYTES = 50_000_000;
