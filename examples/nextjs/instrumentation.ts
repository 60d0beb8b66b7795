import { maxUploadBytes } from "./lib/settings";

/** Next.js calls this once, before the first request: a bad setting is reported at the start. */
export function register(): void {
  maxUploadBytes(process.env.MAX_UPLOAD_BYTES);
}
