/** The typed client of the API: `make web-client` regenerates its types from docs/openapi.json. */

import createClient from "openapi-fetch";
import type { components, paths } from "./api-schema";
import { UploadError } from "./uploads";

export type Image = components["schemas"]["Image"];
export type Page = components["schemas"]["Page"];
type Problem = components["schemas"]["Problem"];

/** Returns a bearer token; a new one if `fresh`, as the last one was rejected. */
export type GetToken = (fresh: boolean) => Promise<string>;

export function createApi(baseUrl: string, getToken: GetToken) {
  const send = async (request: Request, fresh: boolean) => {
    request.headers.set("Authorization", `Bearer ${await getToken(fresh)}`);
    return fetch(request);
  };
  return createClient<paths>({
    baseUrl,
    fetch: async (request: Request) => {
      const retry = request.clone();
      const response = await send(request, false);
      return response.status === 401 ? send(retry, true) : response;
    },
  });
}

export type Api = ReturnType<typeof createApi>;

interface Result<T> {
  data?: T;
  error?: Problem;
  response: Response;
}

/** The response's data; throws UploadError with the problem's code, or `network`. */
export async function dataOf<T>(result: Promise<Result<T>>): Promise<T> {
  const { data, error, response } = await result.catch((cause: unknown) => {
    throw cause instanceof UploadError ? cause : new UploadError("network");
  });
  if (!response.ok) {
    const code = error?.code ?? "internal_error";
    throw new UploadError(code, response.status, retryAfter(response));
  }
  return data as T;
}

/** Seconds after which to ask again; 0 if the response does not say so. */
export function retryAfter(response: Response): number {
  return Math.max(0, Number(response.headers.get("Retry-After")) || 0);
}
