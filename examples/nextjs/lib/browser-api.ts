"use client";

import { type Api, dataOf, type GetToken, type Image } from "./api";
import type { components } from "./api-schema";
import type { ApiToken } from "./api-token";
import { imageType } from "./image-type";
import { sha256 } from "./sha256";
import { UploadError, type UploaderOptions } from "./uploads";

const MARGIN_MS = 30_000;

/** The signed-in user's token, kept while it lasts. */
export function keepToken(): GetToken {
  let token: Promise<ApiToken> | undefined;
  let expiresAt = 0;
  return async (fresh) => {
    if (!token || fresh || Date.now() > expiresAt - MARGIN_MS) {
      token = fetchToken();
      expiresAt = Number.POSITIVE_INFINITY; // one request, however many wait for it
      token.then(
        (answer) => (expiresAt = answer.expiresAt),
        () => (token = undefined),
      );
    }
    return (await token).token;
  };
}

async function fetchToken(): Promise<ApiToken> {
  const answer = await fetch("/api/token", { cache: "no-store" });
  if (answer.status === 401) {
    location.assign("/sign-in");
    throw new UploadError("signed_out", 401);
  }
  if (!answer.ok) throw new UploadError("network");
  return answer.json();
}

type BatchFiles = components["schemas"]["BatchRequest"]["files"];

/** How the upload core talks to this API. */
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
        body: { files: files as BatchFiles }, // `imageType` names no others
      });
      return (await dataOf(planned)).items;
    },
  };
}

/** With `keepalive`, which outlives the page. */
export async function deleteImage(api: Api, userId: string, imageId: string): Promise<void> {
  const path = { userId, imageId };
  await dataOf(
    api.DELETE("/users/{userId}/images/{imageId}", { params: { path }, keepalive: true }),
  );
}
