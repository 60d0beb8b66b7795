import { connection } from "next/server";
import { publicKeys } from "@/lib/api-token";

/** AUTH_JWKS_URL of the API. */
export async function GET(): Promise<Response> {
  await connection(); // the key is the running server's, not the build's
  return Response.json(await publicKeys(), { headers: { "Cache-Control": "max-age=300" } });
}
