"use client";

import { type Api, dataOf, type GetToken, type Image } from "./api";
import type { components } from "./api-schema";
import type { ApiToken } from "./api-token";
import { imageType } from "./image-type";
import { sha256 } from "./sha256";
import { UploadError, type UploaderOptions } from "./uploads";

const MARGIN_MS = 30_000;

/** Returns the signed-in user's token, cached until shortly before it expires. */
export function keepToken(): GetToken {
  let token: Promise<ApiToken> | undefined;
  let expiresAt = 0;
  return async (fresh) => {
    if (!token || fresh || Date.now() > expiresAt - MARGIN_MS) {
      token = fetchToken();
      expiresAt = Number.POSITIVE_INFINITY; // one request, however many callers wait
      token.then(
        (issued) => (expiresAt = issued.expiresAt),
        () => (token = undefined),
      );
    }
    return (await token).token;
  };
}

async function fetchToken(): Promise<ApiToken> {
  const response = await fetch("/api/token", { cache: "no-store" });
  if (response.status === 401) {
    location.assign("/sign-in");
    throw new UploadError("signed_out", 401);
  }
  if (!response.ok) throw new UploadError("network");
  return response.json();
}

type BatchFiles = components["schemas"]["BatchRequest"]["files"];

/** Connects the upload core to this API. */
export function uploaderOptions(
  api: Api,
  userId: string,
  maxBytes: number,
): UploaderOptions<Image> {
  return {
    maxBytes,
    contentType: imageType,
    sha256,
    plan: async (files, idempotencyKey) => {
      const planned = api.POST("/users/{userId}/uploads/batch", {
        params: { path: { userId }, header: { "Idempotency-Key": idempotencyKey } },
        body: { files: files as BatchFiles }, // `imageType` returns no other types
      });
      return (await dataOf(planned)).items;
    },
  };
}

/** With `keepalive`, so that the request outlives the page. */
export async function deleteImage(api: Api, userId: string, imageId: string): Promise<void> {
  const path = { userId, imageId };
  await dataOf(
    api.DELETE("/users/{userId}/images/{imageId}", { params: { path }, keepalive: true }),
  );
}
