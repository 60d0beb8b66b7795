/** Codes of the API, of storage and of the upload core in words for people. */

const WORDS: Record<string, string> = {
  // before anything is sent
  empty: "This file is empty.",
  too_large: "This file is too large.",
  unsupported_content_type: "This is not a picture we can take.",
  unreadable: "This file cannot be read any more.",
  network: "The connection was lost.",
  canceled: "Canceled.",
  signed_out: "You are signed out: sign in again.",
  // the API's
  file_too_large: "This file is too large.",
  invalid_filename: "This file name cannot be used.",
  quota_exceeded: "Your space is used up.",
  unauthenticated: "You are signed out: sign in again.",
  invalid_token: "You are signed out: sign in again.",
  forbidden: "This is not yours.",
  image_not_found: "This picture no longer exists.",
  storage_unavailable: "Storage does not answer at the moment.",
  // storage's
  EntityTooLarge: "This file is too large.",
  EntityTooSmall: "This file is too small.",
  AccessDenied: "Storage refused this file.",
  BadDigest: "The file changed on its way.",
  XAmzContentChecksumMismatch: "The file changed on its way.",
  // reasons of failed images
  unsupported_format: "This is not a picture we can read.",
  corrupt_image: "This picture is damaged.",
  too_many_pixels: "This picture has too many pixels.",
  key_collision: "Another picture has this name: upload it again.",
  gave_up: "This picture could not be processed.",
};

export function inWords(code: string | null | undefined): string {
  return (code && WORDS[code]) || "Something went wrong.";
}
