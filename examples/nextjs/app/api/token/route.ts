import { auth } from "@/auth";
import { issueApiToken } from "@/lib/api-token";

/** Exchanges the session cookie for a short-lived bearer token for the API. */
export async function GET(): Promise<Response> {
  const userId = (await auth())?.user?.id;
  const headers = { "Cache-Control": "no-store" };
  if (!userId) return new Response(null, { status: 401, headers });
  return Response.json(await issueApiToken(userId), { headers });
}
