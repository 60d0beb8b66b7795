/** The typed client of the API: `make web-client` regenerates its types from docs/openapi.json. */

import createClient from "openapi-fetch";
import type { components, paths } from "./api-schema";
import { UploadError } from "./uploads";

export type Image = components["schemas"]["Image"];
export type Page = components["schemas"]["Page"];
type Problem = components["schemas"]["Problem"];

/** A bearer token; `fresh` where the last one was refused. */
export type GetToken = (fresh: boolean) => Promise<string>;

export function createApi(baseUrl: string, getToken: GetToken) {
  const send = async (request: Request, fresh: boolean) => {
    request.headers.set("Authorization", `Bearer ${await getToken(fresh)}`);
    return fetch(request);
  };
  return createClient<paths>({
    baseUrl,
    fetch: async (request: Request) => {
      const second = request.clone();
      const answer = await send(request, false);
      return answer.status === 401 ? send(second, true) : answer;
    },
  });
}

export type Api = ReturnType<typeof createApi>;

interface Answer<T> {
  data?: T;
  error?: Problem;
  response: Response;
}

/** The answer's data; throws UploadError with the problem's code, or `network`. */
export async function dataOf<T>(answer: Promise<Answer<T>>): Promise<T> {
  const { data, error, response } = await answer.catch((cause: unknown) => {
    throw cause instanceof UploadError ? cause : new UploadError("network");
  });
  if (!response.ok) throw new UploadError(error?.code ?? "internal_error", response.status);
  return data as T;
}
