import { type NextRequest, NextResponse } from "next/server";

/** Sets a Content-Security-Policy on each page, with a nonce that Next.js adds to its scripts. */
export function proxy(request: NextRequest): NextResponse {
  const policy = contentSecurityPolicy(crypto.randomUUID());
  const headers = new Headers(request.headers);
  headers.set("Content-Security-Policy", policy);
  const response = NextResponse.next({ request: { headers } });
  response.headers.set("Content-Security-Policy", policy);
  response.headers.set("Referrer-Policy", "same-origin"); // keeps signed URLs private
  response.headers.set("X-Content-Type-Options", "nosniff");
  return response;
}

function contentSecurityPolicy(nonce: string): string {
  const { API_URL: api = "", BUCKET_ORIGIN: bucket = "" } = process.env;
  const development = process.env.NODE_ENV === "development";
  return [
    "default-src 'none'",
    `script-src 'self' 'nonce-${nonce}' 'strict-dynamic'${development ? " 'unsafe-eval'" : ""}`,
    "worker-src 'self'",
    `style-src 'self' ${development ? "'unsafe-inline'" : `'nonce-${nonce}'`}`,
    "style-src-attr 'unsafe-inline'", // next/image writes its placeholder into `style`
    `img-src 'self' data: ${bucket}`,
    `connect-src 'self' ${api} ${bucket}`,
    "font-src 'self'",
    "manifest-src 'self'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ].join("; ");
}

export const config = {
  matcher: [
    {
      source: "/((?!api|_next/static|.well-known|icon.svg).*)",
      missing: [{ type: "header", key: "next-router-prefetch" }],
    },
  ],
};
