import { connection } from "next/server";
import { publicKeys } from "@/lib/api-token";

/** The API's AUTH_JWKS_URL. */
export async function GET(): Promise<Response> {
  await connection(); // read the key at run time, not at build time
  return Response.json(await publicKeys(), { headers: { "Cache-Control": "max-age=300" } });
}
