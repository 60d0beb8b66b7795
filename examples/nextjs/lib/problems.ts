/** Messages for the error codes of the API, of storage and of the upload core. */

const MESSAGES: Record<string, string> = {
  // before anything is sent
  empty: "This file is empty.",
  too_large: "This file is too large.",
  unsupported_content_type: "This file is not a supported picture format.",
  unreadable: "This file can no longer be read.",
  network: "The connection was lost.",
  canceled: "Canceled.",
  signed_out: "You are signed out. Please sign in again.",
  // from the API
  file_too_large: "This file is too large.",
  invalid_filename: "This file name is not allowed.",
  quota_exceeded: "You have reached your storage limit.",
  too_many_uploads: "You have started too many uploads. Please try again later.",
  unauthenticated: "You are signed out. Please sign in again.",
  invalid_token: "You are signed out. Please sign in again.",
  forbidden: "You do not have access to this.",
  image_not_found: "This picture no longer exists.",
  storage_unavailable: "Storage is temporarily unavailable.",
  // from storage
  EntityTooLarge: "This file is too large.",
  EntityTooSmall: "This file is too small.",
  AccessDenied: "Storage rejected this file.",
  BadDigest: "The file changed during the upload.",
  XAmzContentChecksumMismatch: "The file changed during the upload.",
  // why an image failed
  unsupported_format: "This file is not a supported picture format.",
  corrupt_image: "This picture is damaged.",
  too_many_pixels: "This picture has too many pixels.",
  key_collision: "Another picture has the same name. Please upload this one again.",
  too_complex: "This picture is too complex to process.",
  gave_up: "This picture could not be processed.",
  engine_error: "This picture could not be processed.",
  archived: "This picture is in an archive and must be restored first.",
};

export function inWords(code: string | null | undefined): string {
  return (code && MESSAGES[code]) || "Something went wrong.";
}
